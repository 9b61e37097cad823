import { Code, ConnectError } from '@connectrpc/connect';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { FlyteError, WIRE_ERROR_CODES, type WireErrorCode } from '../../errors/flyte-error.js';
import { insideAction } from '../../protocol/action-arguments.js';
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
 * @param app what of the call is the app's own: then Flyte's refusal is no fault of who made the request
 */
export function toFlyteError(
  reason: unknown,
  method: string,
  sent: AuthMetadata | undefined,
  app: CallOfApp = {},
): FlyteError {
  if (reason instanceof FlyteError) return reason;
  const error = ConnectError.from(reason, reason instanceof Error && isAbort(reason) ? Code.Canceled : Code.Unknown);
  const code = meaningOf(error);
  const said = redact(error.rawMessage, sent);
  const fix = fixOf(code, error.rawMessage, app, sent);
  if (fix !== undefined)
    return new FlyteError(code, `Flyte refused ${method}: ${sentence(said || code)} ${fix}`, { fault: 'operator' });
  if (TOLD_TO_CLIENTS.has(code)) return new FlyteError(code, said || `Flyte answered ${method} with ${code}.`);
  const advice = adviceOn(error);
  return new FlyteError(code, `Flyte did not answer ${method}: ${code}.${advice && ` ${advice}`}`, { detail: said });
}

// Flyte's repositories wrap whatever their database says in "failed to get <what>", and its services hand that on as
// `not_found` or, without a code, as `unknown` (flyteorg/flyte runs/repository/impl, runs/service).
const DATABASE_FAILED = /\bfailed to get (?:run|action|task \{[^}]*\}): (?!.*\bnot found\b)/s;
// What PostgreSQL says when it has no connection left, whatever Flyte makes of it.
const DATABASE_BUSY = /\b(?:too many clients already|too many connections|remaining connection slots are reserved)\b/;
const UNTRUE = new Set<WireErrorCode>(['not_found', 'unknown', 'internal']);

/** What an error means: Flyte's code for it is not always the one that fits. */
function meaningOf(error: ConnectError): WireErrorCode {
  const code = WIRE_ERROR_CODES[error.code - 1] ?? 'unknown';
  if (isLostConnection(error) || isDatabaseFailure(error, code)) return 'unavailable';
  // CreateRun gives what its repository says without a code.
  if (code === 'unknown' && error.rawMessage.startsWith('task not found: ')) return 'not_found';
  return code;
}

/** Whether Flyte could not ask its database, and so does not know whether the thing is there. */
function isDatabaseFailure({ rawMessage }: ConnectError, code: WireErrorCode): boolean {
  if (!UNTRUE.has(code)) return false;
  return DATABASE_BUSY.test(rawMessage) || (code !== 'internal' && DATABASE_FAILED.test(rawMessage));
}

/** What of a call is the app's own, and no matter of who made the request. */
export interface CallOfApp {
  /** Whether the app calls for itself, or nobody does. */
  readonly isApp?: boolean | undefined;
  /** The project that the module was given. */
  readonly project?: string | undefined;
}

/** What the operator of the app is to do about a refusal; undefined where it is the caller's to mend. */
function fixOf(
  code: WireErrorCode,
  said: string,
  { isApp, project }: CallOfApp,
  sent: AuthMetadata | undefined,
): string | undefined {
  if (code === 'not_found' && project !== undefined && namesProject(said, project)) {
    return `FlyteModule was given the project ${JSON.stringify(project)}: correct its option "project", or create the project.`;
  }
  if (!isApp || (code !== 'unauthenticated' && code !== 'permission_denied')) return undefined;
  if (sent)
    return 'It was called with what the option "credentials" of FlyteModule gave: see whether that is still good.';
  if (insideAction()) {
    return (
      'It was called without credentials: an action belongs to no request whose caller it could call as. Give FlyteModule ' +
      'the option "credentials", or call within authMetadata(headers, fn).'
    );
  }
  return (
    'It was called without credentials. Give FlyteModule "passthrough: true" to call as who makes a request, or the option ' +
    '"credentials" to call as the app.'
  );
}

/**
 * Whether Flyte says that there is no such project; it names projects where other things are missing, too. Flyte's
 * project service says "project not found: p", its other services "project "p" not found", the local control plane
 * "There is no project "p"."
 */
function namesProject(said: string, project: string): boolean {
  return [
    `project not found: ${project}`,
    `project "${project}" not found`,
    `there is no project "${project}".`,
  ].includes(said.replace(/^T/, 't'));
}

/**
 * What Flyte refused of a task as this app declares it: that is the app's own, and no matter of who made the request.
 *
 * @returns the error to throw in place of the given one
 */
export function refusedTask(reason: unknown): unknown {
  if (!FlyteError.is(reason) || reason.code !== 'failed_precondition') return reason;
  const fix = 'The task was sent as this app declares it: see the option "tasks.module" of FlyteModule.';
  return new FlyteError(reason.code, `${sentence(reason.message)} ${fix}`, { fault: 'operator' });
}

/** Flyte ends what it says without a full stop; ours follows. */
function sentence(said: string): string {
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** What may be behind an answer that no Flyte gives; empty where nothing is known. */
function adviceOn(error: ConnectError): string {
  const codes = chain(error).map((cause) => ('code' in cause ? String(cause.code) : ''));
  if (
    codes.includes('ERR_SSL_WRONG_VERSION_NUMBER') ||
    codes.includes('EPROTO') ||
    codes.includes('ERR_SSL_PACKET_LENGTH_TOO_LONG')
  ) {
    return 'The peer does not speak TLS: for plaintext, give FlyteModule an "http://" endpoint, or "insecure: true".';
  }
  if (codes.includes('ERR_HTTP2_ERROR')) {
    return 'The peer does not speak HTTP/2: see whether "endpoint" of FlyteModule is Flyte, and whether it wants "https://".';
  }
  if (/^HTTP \d{3}$|unsupported content type/.test(error.rawMessage)) {
    return 'The peer answers as no Flyte does: see whether "endpoint" of FlyteModule is the right host and port.';
  }
  return '';
}

function chain(error: Error): Error[] {
  const found: Error[] = [];
  for (let at: unknown = error; at instanceof Error && !found.includes(at); at = at.cause) found.push(at);
  return found;
}

/** Whether the call may succeed if it is made again. */
export function isTransient(reason: unknown): boolean {
  const error = ConnectError.from(reason);
  return meaningOf(error) === 'unavailable';
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
  for (const cause of chain(error)) {
    if ('code' in cause && typeof cause.code === 'string' && LOST.has(cause.code)) return true;
    if (cause.message.includes('NGHTTP2_REFUSED_STREAM')) return true;
  }
  return false;
}

function isAbort({ name }: Error): boolean {
  return name === 'AbortError' || name === 'TimeoutError';
}
