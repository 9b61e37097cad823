import { FlyteError } from '../errors/flyte-error.js';
import { MAX_TIMER_MS } from '../protocol/limits.js';
import { ActionError, type ActionFailure } from './action-failure.js';

interface Alarm {
  /** When, on the clock of `performance.now()`. */
  readonly at: number;
  readonly act: () => void;
}

/**
 * Ends an action before its task has. The first reason to end it is the one that is reported.
 *
 * Its timers do not keep the process alive. A process whose task waits for nothing therefore runs out of work, and
 * {@link idle} is called. A task that has asked for {@link signal} may be waiting for it, so from then on the process is kept.
 */
export class ActionLife {
  /** Rejects with an {@link ActionError} once the action is over, whatever the task still does. Never resolves. */
  readonly over: Promise<never>;
  readonly #aborter = new AbortController();
  readonly #timers = new Map<NodeJS.Timeout, Alarm>();
  #alive: NodeJS.Timeout | undefined;
  #fail: (error: ActionError) => void = () => undefined;
  #failure: ActionFailure | undefined;

  /** @param graceMs how long a task that was told to end may take to do so, in milliseconds */
  constructor(readonly graceMs: number) {
    this.over = new Promise<never>((_, reject) => (this.#fail = reject));
    // Where it rejects while nobody waits for it, before or after the action, that is no unhandled rejection.
    this.over.catch(() => undefined);
  }

  /** Tells the task to end. From the first time that it is asked for, it keeps the process alive: see the class. */
  get signal(): AbortSignal {
    this.#alive ??= setInterval(() => undefined, MAX_TIMER_MS);
    return this.#aborter.signal;
  }

  /** Why the action was interrupted; undefined where it was not. */
  get failure(): ActionFailure | undefined {
    return this.#failure;
  }

  /** Tells the task to end, and ends the action after the grace period; at once where it was told before. */
  interrupt(failure: ActionFailure, reason: FlyteError): void {
    if (this.#failure) {
      this.end(failure);
      return;
    }
    this.#failure = failure;
    this.#aborter.abort(reason);
    this.after(this.graceMs, () => this.end(failure));
  }

  /** Ends the action at once. */
  end(failure: ActionFailure): void {
    this.#failure ??= failure;
    this.#aborter.abort(new FlyteError('canceled', this.#failure.message));
    this.#fail(new ActionError(this.#failure));
  }

  /** Calls back after some milliseconds, unless it is cancelled by what this returns. */
  after(ms: number, act: () => void): () => void {
    if (ms > MAX_TIMER_MS) return () => undefined;
    const timer = setTimeout(act, Math.max(0, ms)).unref();
    this.#timers.set(timer, { at: performance.now() + ms, act });
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Ends the action because nothing is left that its task could wait for. A timer that is due already says why first. */
  idle(failure: ActionFailure): void {
    for (const { at, act } of [...this.#timers.values()]) if (at <= performance.now()) act();
    this.end(this.#failure ?? failure);
  }

  /** Nothing interrupts any more. */
  close(): void {
    for (const timer of this.#timers.keys()) clearTimeout(timer);
    clearInterval(this.#alive);
  }
}
