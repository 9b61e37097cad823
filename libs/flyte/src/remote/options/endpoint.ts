import { FlyteError } from '../../errors/flyte-error.js';
import { isLoopback } from '../../protocol/loopback.js';

/** Where Flyte is, as the transport needs it. */
export interface Endpoint {
  /** Scheme, host and port: `https://flyte.example.com:443`. */
  readonly url: string;
  /** Host and port, for messages. */
  readonly authority: string;
  /** Whether the connection is plaintext. */
  readonly plaintext: boolean;
  /** Whether it is on this machine, as the local control plane is. */
  readonly isLocal: boolean;
}

const FORMS =
  '"dns:///flyte.example.com", "flyte.example.com:443", "https://flyte.example.com" or "http://localhost:8090"';

/**
 * Reads an endpoint in any of the forms that Flyte's users write. `http://` is plaintext; `https://`, `dns:///` and a bare
 * `host:port` are TLS unless `insecure`. The port defaults to 443 with TLS and to 80 without.
 *
 * @param insecure plaintext; needed, and enough, to talk plaintext to a host that is not this machine
 * @throws FlyteError `invalid_configuration` with everything that is wrong, a line each
 */
export function parseEndpoint(endpoint: string, insecure: boolean | undefined): Endpoint {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(endpoint) ?? [undefined, undefined, endpoint];
  const form = scheme?.toLowerCase();
  const plaintext = form === 'http' || (form !== 'https' && insecure === true);
  const problems: string[] = [];
  if (form === 'https' && insecure) {
    problems.push('Option "insecure": true contradicts the "https://" of option "endpoint". Remove one of them.');
  }
  const url = addressOf(form, rest, plaintext);
  if (typeof url === 'string') problems.push(`Option "endpoint": ${url}. Write ${FORMS}.`);
  else if (plaintext && insecure !== true && !isLoopback(url.hostname)) {
    problems.push(
      `Option "endpoint": "http://" would send credentials in clear to ${url.hostname}. Use "https://", or set "insecure" to true.`,
    );
  }
  if (typeof url === 'string' || problems.length > 0) {
    throw new FlyteError('invalid_configuration', problems.join('\n'));
  }
  const authority = `${url.hostname}:${url.port || (plaintext ? '80' : '443')}`;
  const protocol = plaintext ? 'http' : 'https';
  return { url: `${protocol}://${authority}`, authority, plaintext, isLocal: isLoopback(url.hostname) };
}

/** @returns the address, or what is wrong with it */
function addressOf(form: string | undefined, rest: string, plaintext: boolean): URL | string {
  if (form !== undefined && !['http', 'https', 'dns'].includes(form)) return `the scheme "${form}://" is unknown`;
  if (form === 'dns' && !rest.startsWith('/')) return '"dns:" takes three slashes';
  const address = form === 'dns' ? rest.slice(1) : rest;
  if (address.includes('@')) return 'it holds a user or a password, which travel otherwise'; // and is not quoted
  const shown = JSON.stringify(address);
  const text = `${plaintext ? 'http' : 'https'}://${address}`;
  if (!URL.canParse(text)) return `${shown} is not an address`;
  const url = new URL(text);
  if (url.pathname !== '/' || url.search || url.hash) return `${shown} has more than a host and a port`;
  return url;
}
