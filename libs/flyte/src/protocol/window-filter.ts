import { randomFillSync } from 'node:crypto';

/** How many bits the filter has for each form. */
const BITS_PER_FORM = 32;
const FEWEST_BITS = 2 ** 15;
const MOST_WINDOW = 8;

/**
 * Passes over text that no form ends in. It asks of each byte whether some form ends in it and the few before it, by a
 * hash that each byte is shifted into and, `window` bytes later, out of; and by two bits per form, which fit the processor's
 * cache. It lets some hundredths of a percent through that are no form's, and never passes over a form.
 */
export class WindowFilter {
  readonly #window: number;
  readonly #step: number;
  readonly #shift: number;
  readonly #bits: Int32Array;
  /** Random, so that no text can be made to be let through. */
  readonly #codes = randomFillSync(new Int32Array(256));

  /**
   * @param forms how many there will be
   * @param shortest the length of the shortest of them, in bytes, at least 2
   */
  constructor(forms: number, shortest: number) {
    this.#window = Math.min(MOST_WINDOW, shortest);
    this.#step = Math.ceil(32 / this.#window);
    const width = Math.ceil(Math.log2(Math.max(FEWEST_BITS, forms * BITS_PER_FORM)));
    this.#shift = 32 - width;
    this.#bits = new Int32Array(2 ** (width - 5));
  }

  /** Adds the end of a form. */
  add(form: Uint8Array, end: number): void {
    const hash = this.#hash(form, end - this.#window, end);
    for (const bit of [hash >>> this.#shift, Math.imul(hash, 0x9e3779b1) >>> this.#shift]) {
      this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << bit);
    }
  }

  /** @returns the first position behind `from` at which a form may end, or `to` if there is none before it */
  next(text: Uint8Array, from: number, to: number): number {
    const bits = this.#bits;
    const codes = this.#codes;
    const step = this.#step;
    const shift = this.#shift;
    let hash = this.#hash(text, Math.max(0, from - this.#window + 1), from);
    for (let at = from; at < to; at += 1) {
      hash = ((hash << step) + (codes[text[at] ?? 0] ?? 0)) | 0;
      const one = hash >>> shift;
      if ((((bits[one >>> 5] ?? 0) >>> one) & 1) === 0) continue;
      const other = Math.imul(hash, 0x9e3779b1) >>> shift;
      if ((((bits[other >>> 5] ?? 0) >>> other) & 1) === 1) return at + 1;
    }
    return to;
  }

  #hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0;
    for (let at = from; at < to; at += 1) {
      hash = ((hash << this.#step) + (this.#codes[bytes[at] ?? 0] ?? 0)) | 0;
    }
    return hash;
  }
}
