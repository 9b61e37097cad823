import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import type { WatchForUpdatesResponse } from '../gen/flyteidl2/actions/actions_service_pb.js';
import type { ActionUpdate } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { isDropped, pause } from '../remote/connection/reconnect.js';
import { isDone, phaseOf } from '../remote/runs/run-info.js';
import { isFinal } from './enqueue.js';

/** How many times in a row the stream may fail: some twenty minutes, longer than a Flyte takes to be replaced by its next version. */
const MOST_FAILURES = 120;

interface Waiter {
  readonly resolve: (end: ActionUpdate) => void;
  readonly reject: (error: unknown) => void;
}

/** Follows the children of an action: what they are when it begins, and each change from then on. */
export class ChildWatch {
  readonly #phases = new Map<string, ActionPhase>();
  readonly #ends = new Map<string, ActionUpdate>();
  readonly #waiters = new Map<string, Waiter>();
  readonly #closing = new AbortController();
  /** Resolves once it is known what there was before. Rejects with what the stream failed with. */
  readonly synced: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  #failure: { readonly error: unknown } | undefined;

  /** @param open a stream of the children of the action */
  constructor(private readonly open: (signal: AbortSignal) => AsyncIterable<WatchForUpdatesResponse>) {
    this.synced = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.synced.catch(() => undefined);
    void this.#follow();
  }

  /** Whether Flyte knows a child. */
  knows(name: string): boolean {
    return this.#phases.has(name);
  }

  /** Whether Flyte has said that a child ended, well if that is asked. */
  saw(name: string, end: 'ended' | 'succeeded'): boolean {
    const known = this.#ends.get(name);
    return known !== undefined && (end === 'ended' || phaseOf(known.phase) === 'succeeded');
  }

  /** How a child ended. @throws the signal's reason, and what the stream failed with */
  async end(name: string, signal: AbortSignal): Promise<ActionUpdate> {
    const known = this.#ends.get(name);
    if (known) return known;
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
    return new Promise((resolve, reject) => {
      const over = (act: () => void): void => {
        signal.removeEventListener('abort', aborted);
        this.#waiters.delete(name);
        act();
      };
      const aborted = (): void => over(() => reject(signal.reason));
      signal.addEventListener('abort', aborted);
      this.#waiters.set(name, {
        resolve: (end) => over(() => resolve(end)),
        reject: (error) => over(() => reject(error)),
      });
    });
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one stream after the other
        for await (const { message } of this.open(signal)) {
          failures = 0;
          if (message.case === 'actionUpdate') this.#see(message.value);
          if (message.case === 'controlMessage' && message.value.sentinel) this.#settle.resolve();
        }
      } catch (error) {
        if (signal.aborted) return;
        if ((!isDropped(error) && isFinal(error)) || failures >= MOST_FAILURES) return this.#fail(error);
      }
      // oxlint-disable-next-line no-await-in-loop -- the pause between them
      await pause(Math.max(1, failures), signal).catch(() => undefined);
    }
  }

  #see(update: ActionUpdate): void {
    const { name = '' } = update.actionId ?? {};
    this.#phases.set(name, update.phase);
    if (!isDone(update.phase)) return;
    this.#ends.set(name, update);
    this.#waiters.get(name)?.resolve(update);
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#settle.reject(error);
    for (const waiter of this.#waiters.values()) waiter.reject(error);
  }
}
