import { Buffer } from 'node:buffer';
import type { PatternIndex } from './pattern-index.js';
import { PatternScanner } from './pattern-scanner.js';

/** What stands in a log where a secret stood. */
export const REDACTED = '***';

/** From a byte to the one before another; positions count from the beginning of the text. */
interface Range {
  start: number;
  end: number;
}

/** One text whose secrets are replaced, chunk by chunk. */
export class RedactedText {
  readonly #scanner: PatternScanner;
  /** The end of the text so far: what was not given out yet, and what the scanner has to look back at. */
  #tail: Buffer = Buffer.alloc(0);
  /** How long the text is so far, */
  #length = 0;
  /** … how much of it was given out, */
  #given = 0;
  /** … and what is hidden of the rest, in order and with gaps between. */
  #hidden: Range[] = [];
  /** Whether the last byte that was given out was hidden. */
  #endsHidden = false;

  constructor(index: PatternIndex) {
    this.#scanner = new PatternScanner(index, (start, end) => this.#hide(start, end));
  }

  /** @returns what of the text so far is safe to show, whatever follows */
  next(chunk: Uint8Array): Buffer {
    const text = this.#scanned(chunk);
    const origin = this.#length - text.length;
    const decided = Math.max(this.#given, this.#scanner.undecidedFrom(text, origin));
    // What is hidden needs not wait.
    const until = this.#hidden.find(({ start, end }) => start <= decided && decided < end)?.end ?? decided;
    const shown = this.#masked(text, until);
    this.#tail = Buffer.from(
      text.subarray(Math.max(0, Math.min(until - origin, text.length - PatternScanner.context))),
    );
    this.#given = until;
    this.#hidden = this.#hidden.filter(({ start }) => start >= until);
    return shown;
  }

  /** @returns the rest; nothing may follow */
  last(chunk: Uint8Array): Buffer {
    return this.#masked(this.#scanned(chunk), this.#length);
  }

  #scanned(chunk: Uint8Array): Buffer {
    const text = Buffer.concat([this.#tail, chunk]);
    this.#scanner.scan(text, this.#tail.length, this.#length - this.#tail.length);
    this.#length += chunk.length;
    return text;
  }

  /** They come in the order of their ends, so that a later one can only swallow the last ones. */
  #hide(start: number, end: number): void {
    // What of it was given out, was hidden as well.
    const range = { start: Math.max(start, this.#given), end };
    for (let last = this.#hidden.at(-1); last !== undefined && last.end >= range.start; last = this.#hidden.at(-1)) {
      range.start = Math.min(range.start, last.start);
      this.#hidden.pop();
    }
    this.#hidden.push(range);
  }

  /** @param text the end of the text so far */
  #masked(text: Buffer, until: number): Buffer {
    const origin = this.#length - text.length;
    const shown: Buffer[] = [];
    let at = this.#given;
    for (const { start, end } of this.#hidden) {
      if (start >= until) break;
      if (start > at) shown.push(text.subarray(at - origin, start - origin));
      if (start > at || !this.#endsHidden) shown.push(Buffer.from(REDACTED));
      this.#endsHidden = true;
      at = end;
    }
    if (until > at) {
      shown.push(text.subarray(at - origin, until - origin));
      this.#endsHidden = false;
    }
    return Buffer.concat(shown);
  }
}
