import { FlyteError, type FailedRun } from '../errors/flyte-error.js';

/** What an action says of a child that it has aborted, as it did not wait for it any more. */
const WORDS = /^Its caller gave it up, (canceled|deadline_exceeded): (.*)$/s;

/**
 * The reason of such an abort.
 *
 * @param why of the signal that gave it up
 * @param redact takes secrets out of it
 */
export function givenUp(why: unknown, redact: (text: string) => string): string {
  if (why instanceof Error && why.name === 'TimeoutError') {
    return 'Its caller gave it up, deadline_exceeded: It did not end in the time that its caller gave it.';
  }
  const text = FlyteError.is(why) ? redact(why.message) : 'Its caller does not wait for it any more.';
  return `Its caller gave it up, canceled: ${text}`;
}

/** What the caller failed with, then; undefined for any other reason. Whoever starts anew goes on by it. */
export function failureOfGivenUp(reason: string, run: FailedRun): FlyteError | undefined {
  const [, code, text = ''] = WORDS.exec(reason) ?? [];
  if (code !== 'canceled' && code !== 'deadline_exceeded') return undefined;
  return new FlyteError(code, text, { run });
}
