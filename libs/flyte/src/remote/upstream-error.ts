import { Code, ConnectError } from '@connectrpc/connect';
import type { AuthMetadata } from '../auth/auth-metadata.js';
import { FlyteError, WIRE_ERROR_CODES, type WireErrorCode } from '../errors/flyte-error.js';
import { redact } from './redact.js';

// The caller's own fault, or about the caller: what Flyte says of these is meant for them. Of the rest a client learns
// the kind alone; the text may tell of hosts and of Flyte's inside, and goes to the log.
const TOLD_TO_CLIENTS = new Set<WireErrorCode>([
  'invalid_argument',
  'out_of_range',
  'failed_precondition',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'already_exists',
  'aborted',
  'resource_exhausted',
]);

/**
 * What a call to Flyte failed with, as a {@link FlyteError}. The original is left behind: its metadata may echo what was
 * sent.
 *
 * @param reason whatever was thrown
 * @param method the RPC, as `IdentityService.UserInfo`
 * @param sent the credentials that travelled, which are replaced by `***` in what Flyte said
 */
export function toFlyteError(reason: unknown, method: string, sent: AuthMetadata | undefined): FlyteError {
  if (reason instanceof FlyteError) return reason;
  const error = ConnectError.from(reason, reason instanceof Error && isAbort(reason) ? Code.Canceled : Code.Unknown);
  const code = isLostConnection(error) ? 'unavailable' : (WIRE_ERROR_CODES[error.code - 1] ?? 'unknown');
  const said = redact(error.rawMessage, sent);
  if (TOLD_TO_CLIENTS.has(code)) return new FlyteError(code, said || `Flyte answered ${method} with ${code}.`);
  return new FlyteError(code, `Flyte did not answer ${method}: ${code}.`, { detail: said });
}

/** Whether the call may succeed if it is made again. */
export function isTransient(reason: unknown): boolean {
  const error = ConnectError.from(reason);
  return error.code === Code.Unavailable || isLostConnection(error);
}

// What Node calls a connection that ended in the middle of a call, or could not be opened: of sockets, of HTTP/2 (which
// also says so of a session that the peer gave up with an error), and of streams that had not come to their end.
const LOST = new Set([
  ...['ECONNRESET', 'ECONNABORTED', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ECANCELED', 'ENOTCONN', 'ESHUTDOWN'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL', 'ERR_SOCKET_CLOSED'],
  ...['ERR_HTTP2_INVALID_SESSION', 'ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_SESSION_ERROR', 'ERR_HTTP2_SOCKET_UNBOUND'],
  ...['ERR_HTTP2_INVALID_STREAM', 'ERR_HTTP2_STREAM_CANCEL', 'ERR_HTTP2_PING_CANCEL'],
  ...['ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_WRITE_AFTER_END'],
]);

// What @connectrpc/connect 2 says of an answer that stops in the middle: `invalid_argument` or `internal`, as if it were
// somebody's mistake.
const CUT_OFF =
  /^protocol error: (?:missing (?:EndStreamResponse|status)|incomplete envelope|promised \d+ bytes, received \d+)$/;

/**
 * Whether the network failed, and not Flyte. Connect reads these from a server's side, where they tell that the client
 * left: as `aborted` (a conflict, over HTTP), `canceled`, `internal` or `unknown`.
 */
function isLostConnection(error: ConnectError): boolean {
  // Nobody here cancelled, and a server that does says so in a message: the peer dropped the stream.
  if (error.code === Code.Canceled && error.rawMessage.startsWith('http/2 stream closed')) return true;
  if (CUT_OFF.test(error.rawMessage)) return true;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && LOST.has(cause.code)) return true;
    if (cause.message.includes('NGHTTP2_REFUSED_STREAM')) return true;
  }
  return false;
}

function isAbort({ name }: Error): boolean {
  return name === 'AbortError' || name === 'TimeoutError';
}
