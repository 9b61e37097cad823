import { Buffer } from 'node:buffer';
import { Fingerprints, MOST_BYTES } from './fingerprints.js';
import { WindowFilter } from './window-filter.js';

/** A longer form is known by pieces of this many bytes, */
export const PIECE_BYTES = MOST_BYTES;
/** … which end this far apart; a last one ends where the form ends. */
const STEP_BYTES = 16;

/** What a piece is; it may be several at once. Bits 1 to 16 say how many bytes on the next one may end. */
export const PIECE = {
  next: 0x1fffe,
  /** A whole form. */
  whole: 1 << 17,
  /** The first of a longer form. */
  first: 1 << 18,
  /** A later one, */
  later: 1 << 19,
  /** … and the last. */
  last: 1 << 20,
} as const;

/** How many pieces are added between two pauses. */
const PIECES_PER_TURN = 256;

/**
 * The forms that are looked for in a text. Those of up to 32 bytes it knows as a whole, longer ones by their pieces, one behind
 * the other. Where two forms share a piece, either may go on behind it: a text that begins as one and goes on as the other
 * is taken for a form. That it costs no more, however many there are and however often they repeat themselves, is worth that.
 */
export class PatternIndex {
  readonly #filter: WindowFilter;
  readonly #pieces: Fingerprints;
  /** What may be cut off at the end of a chunk. */
  #heads: Buffer[] = [];
  #beginnings: Fingerprints | undefined;

  private constructor(forms: readonly Uint8Array[]) {
    this.#pieces = new Fingerprints(forms.reduce((sum, { length }) => sum + 1 + Math.ceil(length / STEP_BYTES), 0));
    const shortest = forms.reduce((least, { length }) => Math.min(least, length), PIECE_BYTES);
    this.#filter = new WindowFilter(forms.length, shortest);
  }

  /** Yields again and again, so that who waits for it can let others work. */
  static *of(forms: readonly Uint8Array[]): Generator<undefined, PatternIndex> {
    const index = new PatternIndex(forms);
    for (const form of forms) yield* index.#add(form);
    return index;
  }

  *#add(form: Uint8Array): Generator<undefined> {
    const length = Math.min(form.length, PIECE_BYTES);
    this.#filter.add(form, length);
    this.#heads.push(Buffer.from(form.subarray(0, length)));
    for (let end = length, pieces = 1; ; pieces += 1) {
      const step = Math.min(STEP_BYTES, form.length - end);
      this.#pieces.add(form, end, length, step === 0 ? lastFlags(form) : nextFlags(end, step));
      if (step === 0) break;
      end += step;
      if (pieces % PIECES_PER_TURN === 0) yield;
    }
    yield;
  }

  /** @returns the first position behind `from` at which a form or its first piece may end, or `to` */
  nextEnd(text: Uint8Array, from: number, to: number): number {
    return this.#filter.next(text, from, to);
  }

  /** Visits the pieces that end at `end`; their flags are those of {@link PIECE}. */
  visit(text: Uint8Array, end: number, visitor: (length: number, flags: number) => void): void {
    this.#pieces.visit(text, end, visitor);
  }

  /** How many of a text's last bytes may be the beginning of a form, as far as less than a piece of it is there. */
  begunAtEnd(text: Uint8Array): number {
    this.#beginnings ??= done(this.#beginningsOf());
    let longest = 0;
    this.#beginnings.visit(text, text.length, (length) => (longest = length));
    return longest;
  }

  /** Prepares what only text in chunks needs. */
  *prepareForChunks(): Generator<undefined> {
    this.#beginnings = yield* this.#beginningsOf();
  }

  *#beginningsOf(): Generator<undefined, Fingerprints> {
    const beginnings = new Fingerprints(this.#heads.reduce((sum, { length }) => sum + length - 1, 0));
    for (const head of this.#heads) {
      for (let length = 1; length < head.length; length += 1) beginnings.add(head, length, length, 0);
      yield;
    }
    this.#heads = [];
    return beginnings;
  }
}

function lastFlags(form: Uint8Array): number {
  return form.length <= PIECE_BYTES ? PIECE.whole : PIECE.later | PIECE.last;
}

function nextFlags(end: number, step: number): number {
  return (end === PIECE_BYTES ? PIECE.first : PIECE.later) | (1 << step);
}

/** Goes on to the end at once. */
export function done<Result>(turns: Generator<undefined, Result>): Result {
  for (;;) {
    const turn = turns.next();
    if (turn.done === true) return turn.value;
  }
}
