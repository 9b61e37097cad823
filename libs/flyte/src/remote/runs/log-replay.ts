import type { LogLine } from '../../gen/flyteidl2/logs/dataplane/payload_pb.js';

/**
 * Tells the lines of a stream from those that an earlier stream of the same attempt gave: each one begins anew. What it
 * keeps does not grow: the last time seen, and what was said at that time.
 */
export class LogReplay {
  #last = -1n;
  #atLast = new Map<string, number>();
  #untimed = 0;
  #repeated: { readonly until: bigint; readonly left: Map<string, number>; untimed: number } | undefined;

  /** From here on, a new stream. */
  again(): void {
    this.#repeated = { until: this.#last, left: new Map(this.#atLast), untimed: this.#untimed };
  }

  /** Whether a line was not given before. */
  isNew(line: LogLine): boolean {
    const { timestamp, message } = line;
    if (!timestamp) return this.#isNewUntimed();
    const time = timestamp.seconds * 1_000_000_000n + BigInt(timestamp.nanos);
    const repeated = this.#repeated;
    if (repeated && time < repeated.until) return false;
    if (repeated && time === repeated.until) {
      const left = repeated.left.get(message) ?? 0;
      repeated.left.set(message, left - 1);
      if (left > 0) return false;
    }
    if (time > this.#last) {
      this.#last = time;
      this.#atLast = new Map();
    }
    if (time === this.#last) this.#atLast.set(message, (this.#atLast.get(message) ?? 0) + 1);
    return true;
  }

  #isNewUntimed(): boolean {
    if (this.#repeated && this.#repeated.untimed > 0) {
      this.#repeated.untimed -= 1;
      return false;
    }
    this.#untimed += 1;
    return true;
  }
}
