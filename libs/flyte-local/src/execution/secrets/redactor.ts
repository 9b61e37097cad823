/** What stands where a secret stood. */
export const MASK = '***';

/**
 * How much of a pattern must show for the rest to be hidden too, in bytes. It bounds what is held back between two chunks,
 * so that a secret of a megabyte delays nobody's log.
 */
const HEAD_BYTES = 32;

interface Pattern {
  readonly bytes: Buffer;
  readonly head: Buffer;
}

/** Hides byte patterns in a stream, also those that are cut by the borders of its chunks. */
export class Redactor {
  readonly #patterns: readonly Pattern[];
  #held: Buffer = Buffer.alloc(0);
  /** The patterns that the last chunk may have ended in, and how much of each has been seen. */
  #inside: readonly { readonly bytes: Buffer; readonly seen: number }[] = [];

  /** @param patterns what to hide; an empty one, which is everywhere, is left out */
  constructor(patterns: readonly Buffer[]) {
    this.#patterns = patterns
      .filter(({ length }) => length > 0)
      .map((bytes) => ({ bytes, head: bytes.subarray(0, HEAD_BYTES) }));
  }

  /** What of the stream is safe to show after a further chunk. */
  push(chunk: Uint8Array): Buffer {
    const data = Buffer.concat([this.#held, chunk]);
    const shown: Buffer[] = [];
    let from = this.#continueInside(data);
    for (;;) {
      const at = this.#next(data, from);
      if (at === undefined) break;
      shown.push(data.subarray(from, at), Buffer.from(MASK));
      from = at + this.#extent(data, at);
    }
    const hold = this.#heldBack(data.subarray(from));
    shown.push(data.subarray(from, data.length - hold));
    this.#held = Buffer.from(data.subarray(data.length - hold));
    return Buffer.concat(shown);
  }

  /** The rest, once the stream has ended. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    this.#inside = [];
    return rest;
  }

  /** How much of new data belongs to a pattern that the last chunk ended in. */
  #continueInside(data: Buffer): number {
    const matches = this.#inside.map(({ bytes, seen }) => ({
      bytes,
      seen: seen + commonLength(bytes, seen, data, 0),
      was: seen,
    }));
    this.#inside = matches.filter(({ bytes, seen, was }) => seen - was === data.length && seen < bytes.length);
    return Math.max(0, ...matches.map(({ seen, was }) => seen - was));
  }

  /** Where the next pattern begins. */
  #next(data: Buffer, from: number): number | undefined {
    let earliest: number | undefined;
    for (const { head } of this.#patterns) {
      // Not behind the best so far: on long data with many patterns, that is most of the work.
      const within = earliest === undefined ? data : data.subarray(0, earliest + head.length - 1);
      const at = within.indexOf(head, from);
      if (at !== -1) earliest = at;
    }
    return earliest;
  }

  /** How much the patterns that begin here cover: the longest of them. */
  #extent(data: Buffer, at: number): number {
    let longest = 0;
    for (const { bytes, head } of this.#patterns) {
      const length = commonLength(bytes, 0, data, at);
      // Also where its head is not whole yet: what begins with a shorter one is not held back.
      const isCut = at + length === data.length && length < bytes.length;
      if (isCut) this.#inside = [...this.#inside, { bytes, seen: length }];
      if (isCut || length >= head.length) longest = Math.max(longest, length);
    }
    return longest;
  }

  /** How many bytes at the end may be the beginning of a pattern. */
  #heldBack(rest: Buffer): number {
    let longest = 0;
    for (const { head } of this.#patterns) {
      for (let length = Math.min(head.length - 1, rest.length); length > longest; length--) {
        if (rest.subarray(rest.length - length).equals(head.subarray(0, length))) longest = length;
      }
    }
    return longest;
  }
}

/** Hides patterns in one text. */
export function redactText(patterns: readonly Buffer[], text: string): string {
  const redactor = new Redactor(patterns);
  return Buffer.concat([redactor.push(Buffer.from(text)), redactor.end()]).toString();
}

/** How far `a` from `atA` and `b` from `atB` are the same. */
function commonLength(a: Buffer, atA: number, b: Buffer, atB: number): number {
  const most = Math.min(a.length - atA, b.length - atB);
  if (a.compare(b, atB, atB + most, atA, atA + most) === 0) return most;
  let length = 0;
  while (length < most && a[atA + length] === b[atB + length]) length++;
  return length;
}
