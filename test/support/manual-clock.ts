import type { Clock } from 'nestjs-flyte-local';

/** A clock that a test sets. */
export class ManualClock implements Clock {
  #now: number;
  readonly #waiting = new Set<{ readonly instant: number; readonly callback: () => void }>();

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  wakeAt(instant: number, callback: () => void): () => void {
    const one = { instant, callback };
    this.#waiting.add(one);
    return () => void this.#waiting.delete(one);
  }

  /** When somebody wants to be woken next. */
  get next(): string | undefined {
    const [first] = [...this.#waiting].map(({ instant }) => instant).toSorted((one, other) => one - other);
    return first === undefined ? undefined : new Date(first).toISOString();
  }

  /** Lets the time pass, waking each at its time. */
  passUntil(time: string): void {
    const end = Date.parse(time);
    for (;;) {
      const [first] = [...this.#waiting].toSorted((one, other) => one.instant - other.instant);
      if (first === undefined || first.instant > end) break;
      this.#waiting.delete(first);
      this.#now = Math.max(this.#now, first.instant);
      first.callback();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** As when a machine sleeps: nobody is woken before the end. */
  jumpTo(time: string): void {
    this.oversleep(time);
    this.passUntil(time);
  }

  /** Nobody is woken yet. */
  oversleep(time: string): void {
    this.#now = Date.parse(time);
  }
}
