import type { FiringTimes } from './firing-times.js';
import { firingTimes } from './schedule-times.js';
import type { Clock } from './clock.js';
import type { TriggerKey } from './trigger-key.js';
import type { TriggerRecord, TriggerStore } from './trigger-store.js';

/** What a scheduler needs. */
export interface SchedulerParts {
  readonly store: TriggerStore;
  readonly clock: Clock;
  /** Makes the run that a trigger makes for a time; a time that was fired before makes no second one. */
  readonly fire: (trigger: TriggerRecord, due: number) => void;
  /** Is told what the plane's user should know. */
  readonly warn: (message: string) => void;
}

interface Job {
  readonly trigger: TriggerRecord;
  readonly times: FiringTimes;
  next: number | undefined;
}

/** How many missed times are fired at a start, of all triggers together, as upstream does. */
export const MAX_CATCH_UP = 100;

/**
 * Fires triggers at their times, as Flyte's backend does (flyteorg/flyte runs/scheduler): at a start what was missed, the oldest first;
 * then each time once. Of times that come up together, as after a machine's sleep, the first is fired and the others are left out.
 */
export class TriggerScheduler {
  readonly #parts: SchedulerParts;
  readonly #jobs = new Map<string, Job>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Fires what was missed, and goes on from there. */
  start(): void {
    let left = MAX_CATCH_UP;
    const triggers = this.#parts.store.scheduled(({ message }) => this.#parts.warn(message));
    for (const trigger of triggers) left -= this.#catchUp(trigger, left);
    this.refresh();
  }

  /** Takes up what was deployed, turned on or off, or deleted. */
  refresh(): void {
    if (this.#isClosed) return;
    // Of what is damaged, the start told.
    const scheduled = this.#parts.store.scheduled(() => undefined);
    const triggers = new Map(scheduled.map((trigger) => [textOf(trigger.key), trigger]));
    for (const text of this.#jobs.keys()) if (!triggers.has(text)) this.#jobs.delete(text);
    const now = this.#parts.clock.now();
    for (const [text, trigger] of triggers) {
      const before = this.#jobs.get(text);
      if (before?.trigger.revision === trigger.revision) continue;
      this.#jobs.delete(text);
      // Came up already, and was not woken for yet.
      if (before?.next !== undefined && before.next <= now) this.#fire(trigger, before.next);
      const times = this.#timesOf(trigger);
      if (times !== undefined) this.#jobs.set(text, { trigger, times, next: times.after(now) });
    }
    this.#sleep();
  }

  /** Fires nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #catchUp(trigger: TriggerRecord, left: number): number {
    const times = this.#timesOf(trigger);
    const now = this.#parts.clock.now();
    let fired = 0;
    for (let due = times?.after(trigger.since); due !== undefined && due <= now; due = times?.after(due)) {
      if (fired === left) {
        // Upstream forgets the others, too. One that got nothing at all keeps its place for the next start.
        if (fired > 0) this.#parts.store.caughtUp(trigger.key, now);
        this.#parts.warn(
          `${nameOf(trigger.key)} missed more runs while the control plane was down than are made up for at a start, ${MAX_CATCH_UP} ` +
            `of all triggers: those from ${new Date(due).toISOString()} on are left out.`,
        );
        break;
      }
      this.#fire(trigger, due);
      fired += 1;
    }
    return fired;
  }

  #timesOf(trigger: TriggerRecord): FiringTimes | undefined {
    try {
      return firingTimes(trigger.details.automationSpec, trigger.last);
    } catch (error) {
      // It was looked at when it was deployed, perhaps on another machine, which knew other time zones.
      if (!(error instanceof RangeError)) throw error;
      this.#parts.warn(`${nameOf(trigger.key)} does not fire: of its schedule, ${error.message}.`);
      return undefined;
    }
  }

  #sleep(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const next = Math.min(...[...this.#jobs.values()].map((job) => job.next ?? Infinity));
    if (next !== Infinity) this.#cancel = this.#parts.clock.wakeAt(next, () => this.#wake());
  }

  #wake(): void {
    if (this.#isClosed) return;
    const now = this.#parts.clock.now();
    for (const job of this.#jobs.values()) {
      const { next } = job;
      if (next === undefined || next > now) continue;
      job.next = job.times.after(now);
      this.#fire(job.trigger, next);
    }
    this.#sleep();
  }

  /** What fails once, such as on a full disk, is caught up with at the next start, unless a later time was fired by then. */
  #fire(trigger: TriggerRecord, due: number): void {
    try {
      this.#parts.fire(trigger, due);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.warn(`${nameOf(trigger.key)} could not run for ${new Date(due).toISOString()}: ${why}`);
    }
  }
}

function textOf({ project, domain, taskName, name }: TriggerKey): string {
  return JSON.stringify([project, domain, taskName, name]);
}

function nameOf({ taskName, name }: TriggerKey): string {
  return `The trigger ${JSON.stringify(name)} of the task ${JSON.stringify(taskName)}`;
}
