import { isLoopback } from 'nestjs-flyte/protocol';
import { hostOf } from './host-names.js';

/** Why a request is refused, in the form of a Connect error. */
export interface Refusal {
  /** The HTTP status, which gRPC clients turn into the same code. */
  readonly status: number;
  /** The code in Connect's spelling. */
  readonly code: string;
  /** For people. It quotes nothing of the request. */
  readonly message: string;
}

/**
 * Makes the check of a request's Host (or `:authority`) and Origin. A web page that resolves its own name to this machine
 * (DNS rebinding), or that simply sends a request here, still sends its own name in these headers.
 *
 * @param allowed host names besides the loopback ones, in lower case and without ports
 * @returns a function of a request's raw headers, names and values in turn, that answers why it is refused
 * @see https://fetch.spec.whatwg.org/#origin-header
 */
export function hostGuard(allowed: ReadonlySet<string>): (rawHeaders: readonly string[]) => Refusal | undefined {
  const isAllowed = (host: string | undefined): boolean =>
    host !== undefined && (isLoopback(host) || allowed.has(host));
  return (rawHeaders) => {
    let hosts = 0;
    let credentials = 0;
    // Raw, because Node keeps the first of several Host or Authorization headers and drops the others.
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const value = rawHeaders[index + 1] ?? '';
      switch (rawHeaders[index]?.toLowerCase()) {
        case 'host':
        case ':authority':
          hosts += 1;
          if (!isAllowed(hostOf(value))) return forbidden('Host');
          break;
        case 'origin':
          if (!isAllowed(hostOf(/^https?:\/\/(.*)$/i.exec(value)?.[1] ?? ''))) return forbidden('Origin');
          break;
        case 'authorization':
          credentials += 1;
          break;
        default:
      }
    }
    if (hosts === 0) return forbidden('Host');
    if (credentials > 1) {
      return { status: 401, code: 'unauthenticated', message: 'The request has more than one Authorization header.' };
    }
    return undefined;
  };
}

function forbidden(header: string): Refusal {
  return {
    status: 403,
    code: 'permission_denied',
    message:
      `The ${header} of the request is neither a loopback name (localhost, 127.0.0.0/8, [::1]) nor an allowed one. ` +
      'Allow a name with the option `allowedHosts` or the flag --allowed-host.',
  };
}
