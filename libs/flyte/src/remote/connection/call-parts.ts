import type { DescMethodStreaming, DescMethodUnary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import type { Caller } from './caller.js';
import { USER_AGENT } from './user-agent.js';

// What calls with one answer and streams have in common.

/** Limits of a call, in milliseconds, and how often it may be repeated. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly retries: number;
  /** The project that the module was given, which nobody else is to blame for. */
  readonly project?: string | undefined;
}

/** What travels in the head of a call. Credentials last: where an extractor found a header too, its value was checked. */
export function headersOf(
  given: unknown,
  { forwarded = [] }: Caller,
  sent: AuthMetadata | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  // Most calls are given none, and Connect makes an object of its own of whatever it gets.
  if (given !== undefined) new Headers(given as HeadersInit).forEach((value, name) => (headers[name] = value));
  headers['user-agent'] = USER_AGENT;
  for (const [name, value] of forwarded) headers[name] = value;
  for (const [name, value] of sent?.entries() ?? []) headers[name] = value;
  return headers;
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/**
 * Credentials in place of those that Flyte refused. A call that was refused for them was not made (RFC 9110, 15.5.2), so
 * whatever it does may be tried with others, once.
 *
 * @throws the refusal, where it is another one or there are no others
 */
export async function renewed(
  refusal: unknown,
  { renew }: Caller,
  sent: AuthMetadata | undefined,
  signal: AbortSignal | undefined,
  leftMs?: number,
): Promise<AuthMetadata> {
  if (!renew || !sent || ConnectError.from(refusal).code !== Code.Unauthenticated) throw refusal;
  const given = await inTime(Promise.resolve(renew(sent)), signal, leftMs);
  if (!given || given.fingerprint === sent.fingerprint) throw refusal;
  return given;
}

/**
 * What a call of a caller travels with, where it need not be waited for at once.
 *
 * @throws why the signal fired, where nobody waits for the call any more
 */
export function credentialsOf(
  caller: Caller,
  signal: AbortSignal | undefined,
  timeoutMs?: number,
): AuthMetadata | undefined | Promise<AuthMetadata> {
  signal?.throwIfAborted();
  const given = caller.credentials();
  return given instanceof Promise ? inTime(given, signal, timeoutMs) : given;
}

/** Credentials that have to be waited for: what gives the app's own may hang. */
async function inTime<T>(given: Promise<T>, signal: AbortSignal | undefined, timeoutMs?: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let aborted = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const late = new ConnectError('the option "credentials" took too long', Code.DeadlineExceeded);
    if (timeoutMs !== undefined) timer = setTimeout(() => reject(late), timeoutMs);
    aborted = () => reject(ConnectError.from(signal?.reason, Code.Canceled));
    signal?.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([given, tooLate]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}

/** One signal of several; none of none. */
export function merge(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length < 2 ? given[0] : AbortSignal.any(given);
}

/** A method as messages name it. */
export function nameOf(method: DescMethodUnary | DescMethodStreaming): string {
  return `${method.parent.name}.${method.name}`;
}
