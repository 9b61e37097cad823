import { inspect } from 'node:util';
import { brand } from '../errors/brand.js';
import { FlyteError, type FlyteErrorCode } from '../errors/flyte-error.js';
import { NonRecoverableError } from './non-recoverable-error.js';

/** Why an action failed, in what Flyte distinguishes. */
export interface ActionFailure {
  /** What kind of failure, in one word. For an error of the task the error's name, as in the Python SDK. */
  readonly code: string;
  /** What was wrong, for people. */
  readonly message: string;
  /** Who failed: the task's own code, or what runs it. */
  readonly origin: 'user' | 'system';
  /** Whether Flyte may use up a retry for it. */
  readonly recoverable: boolean;
  /**
   * Whether the process was asked to end, which is no result: nothing is written, and Flyte starts the attempt anew where
   * it was not Flyte that asked. An error.pb would still be there then, and count more than the new outputs.
   */
  readonly isInterruption?: boolean;
  /** The error behind it, for the log. */
  readonly cause?: unknown;
}

const branded = brand<ActionError>('ActionError');

/** Carries a failure whose code is not that of the error behind it. */
export class ActionError extends Error {
  override readonly name = 'ActionError';

  constructor(readonly failure: ActionFailure) {
    super(failure.message, { cause: failure.cause });
    branded.mark(this);
  }

  /** Also one of the copy of this library that compiled tasks bring along. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return branded.is(value);
  }
}

const MAX_MESSAGE = 64 * 1024;
const MAX_CODE = 255;
const MAX_CAUSES = 5;

// The same call, made again, is refused again.
const POINTLESS_TO_RETRY = new Set<FlyteErrorCode>([
  ...(['invalid_argument', 'failed_precondition', 'out_of_range'] as const),
  ...(['unimplemented', 'invalid_configuration', 'misuse'] as const),
]);
// Not the task's fault, as long as it did not make them up.
const OF_THE_SYSTEM = new Set<FlyteErrorCode>(['unavailable', 'deadline_exceeded', 'internal', 'data_loss', 'unknown']);

/** What an error thrown while an action ran makes of it. */
export function failureOf(error: unknown): ActionFailure {
  if (error instanceof ActionError) return error.failure;
  if (FlyteError.is(error)) {
    return {
      code: error.code,
      message: messageOf(error),
      origin: OF_THE_SYSTEM.has(error.code) ? 'system' : 'user',
      recoverable: !POINTLESS_TO_RETRY.has(error.code),
      cause: error,
    };
  }
  const recoverable = !NonRecoverableError.is(error);
  return { code: codeOf(error), message: messageOf(error), origin: 'user', recoverable, cause: error };
}

/**
 * What went wrong in one step of an action, under the code of that step.
 *
 * @param before the beginning of the message
 */
export function failedStep(
  error: unknown,
  step: Pick<ActionFailure, 'code' | 'origin' | 'recoverable'>,
  before: string,
): ActionError {
  if (error instanceof ActionError) return error;
  return new ActionError({ ...step, message: cut(`${before}: ${messageOf(error)}`), cause: error });
}

/** What an error says, and what the errors behind it say. Never a stack. Whatever was thrown, this does not. */
export function messageOf(error: unknown): string {
  const lines: string[] = [];
  let at = error;
  // Counted, because an error may be its own cause.
  for (let depth = 0; depth < MAX_CAUSES; depth += 1) {
    const text = attempt(() => textOf(at)) ?? 'an error that cannot be shown';
    if (!lines.some((line) => line.includes(text))) lines.push(text);
    at = causeOf(at);
    if (at === undefined) break;
  }
  return cut(lines.join('\nCaused by: '));
}

/** An error's stack, for the log; undefined for what has none. */
export function stackOf(error: unknown): string | undefined {
  const stack = attempt(() => (error instanceof Error ? error.stack : undefined));
  return typeof stack === 'string' ? cut(stack) : undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  const name = attempt(() => {
    const given: unknown = error.name;
    return given === 'Error' ? error.constructor.name : String(given);
  });
  return name === undefined || name === '' ? 'Error' : name.replaceAll(/\s+/g, ' ').slice(0, MAX_CODE);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return shown(error);
  // Only by convention are these texts.
  const { message, name }: { readonly message: unknown; readonly name: unknown } = error;
  return String(message) || String(name);
}

function causeOf(error: unknown): unknown {
  return attempt(() => (error instanceof Error ? error.cause : undefined));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : `thrown: ${inspect(value, { depth: 2, breakLength: Infinity })}`;
}

function cut(text: string): string {
  const short = text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}… (cut)` : text;
  // Half a character is no text that protobuf may carry.
  return Buffer.from(short).toString();
}

/** An error may come with getters and conversions of its own, which may throw. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
