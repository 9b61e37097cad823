import { Buffer } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { done, PatternIndex } from './pattern-index.js';
import { RedactedText } from './redacted-text.js';
import { secretForms } from './secret-forms.js';

/** How long others wait for a redactor that is prepared in slices, in milliseconds. */
const SLICE_MS = 5;

/** One stream of bytes on its way through a {@link Redactor}. Bytes that may begin a secret wait for the next chunk. */
export interface RedactingStream {
  /** @returns what of the text so far is safe to show; possibly nothing */
  write(chunk: string | Uint8Array): Buffer;
  /** @returns the rest, once nothing follows */
  end(): Buffer;
}

/**
 * Takes secrets out of text before anybody sees it, in all the spellings that `secretForms` lists. It reads the text once,
 * however many secrets there are and however long they are. Each place of a spelling is hidden, also where several overlap,
 * and what is hidden without a gap becomes one `***`.
 *
 * A spelling of more than 256 bytes is hidden from its first 256 bytes on, as far as the text goes on with it. So a secret of a
 * megabyte delays nobody's log, and what secrets have in common with other text stays readable: the header of a JWT, the
 * address in a signed URL. At the borders that means:
 *
 * - Between two chunks fewer than 300 bytes wait, and only those that may belong to a secret.
 * - Of a secret that is cut off, up to 255 bytes are shown where that is all there is of it, else up to 15 at its end.
 */
export class Redactor {
  #values: readonly Buffer[];
  #index: PatternIndex | undefined;

  /**
   * Prepares itself when it is used first: 20 tokens take some milliseconds, a megabyte half a second. See {@link Redactor.of}.
   *
   * @param values the secrets, text as UTF-8
   */
  constructor(values: Iterable<string | Uint8Array>) {
    this.#values = Array.from(values, (value) => Buffer.from(value));
  }

  /** A redactor that is ready for use, prepared in slices between which others can work. */
  static async of(values: Iterable<string | Uint8Array>): Promise<Redactor> {
    const redactor = new Redactor(values);
    const turns = redactor.#prepare();
    for (let started = performance.now(); turns.next().done !== true;) {
      if (performance.now() - started < SLICE_MS) continue;
      await setImmediate();
      started = performance.now();
    }
    return redactor;
  }

  /** A whole text without its secrets. */
  redact(text: string): string {
    return this.#open().last(Buffer.from(text)).toString('utf8');
  }

  /** For text that arrives in chunks: a secret is found wherever the chunks are cut. */
  stream(): RedactingStream {
    const open = this.#open();
    return { write: (chunk) => open.next(Buffer.from(chunk)), end: () => open.last(Buffer.alloc(0)) };
  }

  #open(): RedactedText {
    return new RedactedText((this.#index ??= done(this.#indexed())));
  }

  *#prepare(): Generator<undefined> {
    this.#index = yield* this.#indexed();
    yield* this.#index.prepareForChunks();
  }

  /** From then on, the values are not needed. */
  *#indexed(): Generator<undefined, PatternIndex> {
    const forms: Buffer[] = [];
    for (const value of this.#values) {
      for (const form of secretForms(value)) {
        forms.push(form);
        yield;
      }
    }
    this.#values = [];
    return yield* PatternIndex.of(forms);
  }
}
