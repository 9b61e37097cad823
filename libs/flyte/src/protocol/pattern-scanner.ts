import { PIECE, PIECE_BYTES, type PatternIndex } from './pattern-index.js';

/** From this length on, a beginning of a form is hidden before it is known how it goes on. */
const SURE_BYTES = 256;

/** A form that has begun: where, and where its next piece would end. Positions count from the beginning of the text. */
interface Begun {
  start: number;
  readonly end: number;
}

/** One text on its way past a {@link PatternIndex}, chunk by chunk. */
export class PatternScanner {
  /** How many bytes before new ones have to be at hand. */
  static readonly context = PIECE_BYTES - 1;

  /** Ordered by their ends, which are different. */
  readonly #begun: Begun[] = [];

  /**
   * @param index of the forms
   * @param onHidden is told each range that belongs to a form, in the order of their ends
   */
  constructor(
    private readonly index: PatternIndex,
    private readonly onHidden: (start: number, end: number) => void,
  ) {}

  /**
   * Goes on in the text.
   *
   * @param text what is new, behind at least {@link PatternScanner.context} bytes before it, where there are as many
   * @param from where the new begins
   * @param origin the position of these bytes in the whole text
   */
  scan(text: Uint8Array, from: number, origin: number): void {
    for (let at = from; at < text.length;) {
      const [due] = this.#begun;
      at = this.index.nextEnd(text, at, Math.min(text.length, due === undefined ? Infinity : due.end - origin));
      const isDue = due?.end === origin + at;
      if (isDue) this.#begun.shift();
      this.#take(text, at, origin + at, isDue ? due.start : undefined);
    }
  }

  /** The position from which on it depends on what follows whether a text that was scanned is hidden. */
  undecidedFrom(text: Uint8Array, origin: number): number {
    const end = origin + text.length;
    return Math.min(end - this.index.begunAtEnd(text), ...this.#begun.map(({ start }) => start));
  }

  /** @param begun where a form begins whose next piece would end here */
  #take(text: Uint8Array, at: number, end: number, begun: number | undefined): void {
    this.index.visit(text, at, (length, flags) => {
      if ((flags & PIECE.whole) !== 0) this.onHidden(end - length, end);
      const isLater = begun !== undefined && (flags & PIECE.later) !== 0;
      if (!isLater && (flags & PIECE.first) === 0) return;
      const start = isLater ? begun : end - length;
      if ((isLater && (flags & PIECE.last) !== 0) || end - start >= SURE_BYTES) this.onHidden(start, end);
      for (let next = flags & PIECE.next; next !== 0; next &= next - 1) this.#expect(start, end + lowestBit(next));
    });
  }

  /** Of two that would end in the same place, the one that begins first covers the other. */
  #expect(start: number, end: number): void {
    let at = this.#begun.length;
    while (at > 0 && (this.#begun[at - 1]?.end ?? 0) > end) at -= 1;
    const same = this.#begun[at - 1];
    if (same?.end === end) same.start = Math.min(same.start, start);
    else this.#begun.splice(at, 0, { start, end });
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
