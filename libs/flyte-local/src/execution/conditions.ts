import { create } from '@bufbuild/protobuf';
import { durationMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { Literal } from 'nestjs-flyte/idl/core/literals';
import { ErrorInfo_Kind, SignalInfoSchema, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { MAX_TIMER_MS } from 'nestjs-flyte/protocol';
import { textOf, type ActionKey } from '../runs/action-id.js';
import { endAction, endAttempt, errorInfo, isOpen } from '../runs/action-record.js';
import type { ActionStore } from '../runs/action-store.js';
import { codeOf } from '../state/atomic-file.js';
import { isFull } from '../state/state-problem.js';

/** How often it is tried whether there is room again, in milliseconds. */
const ROOM_INTERVAL_MS = 500;

/** As upstream: no signal in time is a failure of whoever was asked. */
function timeOut(record: ActionDetails): void {
  const error = errorInfo(ErrorInfo_Kind.USER, 'The condition timed out: nobody answered it in time.');
  endAttempt(record, { phase: ActionPhase.TIMED_OUT, error });
  endAction(record, { phase: ActionPhase.TIMED_OUT, error });
}

/** Holds conditions open until they are answered, or their time is up. They take no turn from what runs. */
export class Conditions {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /**
   * @param store the actions
   * @param onEnd is told of each condition that has ended
   * @param warn is told what the plane's user should know
   */
  constructor(
    private readonly store: ActionStore,
    private readonly onEnd: (key: ActionKey, details: ActionDetails) => void,
    private readonly warn: (message: string) => void,
  ) {}

  /** Waits for the answer to a stored condition, one that a plane before this one left included. */
  open(key: ActionKey): void {
    const details = this.store.get(key);
    const timeout = details?.spec.case === 'condition' ? details.spec.value.timeout : undefined;
    const ms = timeout === undefined ? 0 : durationMs(timeout);
    if (ms <= 0) return;
    const started = details?.status?.startTime === undefined ? Date.now() : timestampMs(details.status.startTime);
    this.#wait(key, started + ms);
  }

  /** Gives the answer. */
  answer(key: ActionKey, output: Literal, signalledBy: EnrichedIdentity): void {
    this.#end(key, (record) => {
      endAttempt(record, { phase: ActionPhase.SUCCEEDED });
      endAction(record, { phase: ActionPhase.SUCCEEDED });
      record.result = { case: 'signalInfo', value: create(SignalInfoSchema, { output, signalledBy }) };
    });
  }

  /** What was decided elsewhere has ended it. */
  forget(key: ActionKey): void {
    this.#end(key, (record) => endAttempt(record, { phase: record.status?.phase ?? ActionPhase.ABORTED }));
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #wait(key: ActionKey, until: number, atLeastMs = 0): void {
    const timer = setTimeout(
      () => {
        if (Date.now() < until) return this.#wait(key, until);
        try {
          this.#end(key, timeOut);
        } catch (error) {
          // Nobody else would remember it; a disk that is full may have room again.
          this.warn(`The condition ${key.name} of the run ${key.run} has not ended yet (${codeOf(error)}).`);
          if (isFull(error)) this.#wait(key, until, ROOM_INTERVAL_MS);
        }
      },
      Math.min(Math.max(atLeastMs, until - Date.now()), MAX_TIMER_MS),
    );
    this.#timers.set(textOf(key), timer);
  }

  #end(key: ActionKey, change: (record: ActionDetails) => void): void {
    let hasEnded = false;
    const details = this.store.update(key, (record) => {
      if (!isOpen(record)) return false;
      change(record);
      return (hasEnded = true);
    });
    clearTimeout(this.#timers.get(textOf(key)));
    this.#timers.delete(textOf(key));
    if (hasEnded && details !== undefined) this.onEnd(key, details);
  }
}
