import { Buffer } from 'node:buffer';
import { secretForms } from './secret-forms.js';

/** What stands in a log where a secret stood. */
export const REDACTED = '***';

/** One form of one secret, followed byte by byte: Knuth, Morris and Pratt's automaton. */
class Trail {
  /** How many bytes of the form the text ends with. */
  matched = 0;
  private readonly fallback: Uint32Array;

  constructor(private readonly form: Uint8Array) {
    this.fallback = new Uint32Array(form.length + 1);
    for (let at = 1, length = 0; at < form.length; at += 1) {
      while (length > 0 && form[at] !== form[length]) length = this.fallback[length] ?? 0;
      if (form[at] === form[length]) length += 1;
      this.fallback[at + 1] = length;
    }
  }

  /** @param found called with the position behind each place where the bytes complete the form, and the form's length */
  follow(bytes: Uint8Array, found: (end: number, length: number) => void): void {
    const { form, fallback } = this;
    const first = form[0] ?? 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (this.matched === 0) {
        at = bytes.indexOf(first, at);
        if (at === -1) return;
      }
      const byte = bytes[at];
      while (this.matched > 0 && byte !== form[this.matched]) this.matched = fallback[this.matched] ?? 0;
      if (byte === form[this.matched]) this.matched += 1;
      if (this.matched === form.length) {
        found(at + 1, form.length);
        this.matched = fallback[this.matched] ?? 0;
      }
    }
  }
}

/** One stream of bytes on its way through a {@link Redactor}. Bytes that may begin a secret wait for the next chunk. */
export interface RedactingStream {
  /** @returns what of the text so far is safe to show; possibly nothing */
  write(chunk: string | Uint8Array): Buffer;
  /** @returns the rest, once nothing follows */
  end(): Buffer;
}

/**
 * Takes secrets out of text before anybody sees it: each value raw, line by line, in base64 and base64url (also inside
 * a longer text such as `user:token`), in hex, URL-encoded and as JSON writes it. Values shorter than 4 bytes are left,
 * for they would shred every line and protect nothing.
 */
export class Redactor {
  private readonly forms: readonly Uint8Array[];

  /** @param values the secrets, text as UTF-8 */
  constructor(values: Iterable<string | Uint8Array>) {
    const forms = new Map<string, Uint8Array>();
    for (const value of values) {
      for (const form of secretForms(Buffer.from(value))) forms.set(form.toString('latin1'), form);
    }
    this.forms = [...forms.values()];
  }

  /** A whole text without its secrets. */
  redact(text: string): string {
    const stream = this.stream();
    return Buffer.concat([stream.write(text), stream.end()]).toString('utf8');
  }

  /** For text that arrives in chunks: a secret is found wherever the chunks are cut. Nothing else is held back. */
  stream(): RedactingStream {
    const trails = this.forms.map((form) => new Trail(form));
    /** Bytes not yet given out, and which of them belong to a secret. */
    let held = Buffer.alloc(0);
    let secret = Buffer.alloc(0);
    let insideSecret = false;

    const give = (length: number): Buffer => {
      const parts: Buffer[] = [];
      for (let at = 0; at < length;) {
        const hidden = secret[at] === 1;
        let end = at + 1;
        while (end < length && (secret[end] === 1) === hidden) end += 1;
        if (!hidden) parts.push(held.subarray(at, end));
        else if (!insideSecret) parts.push(Buffer.from(REDACTED));
        insideSecret = hidden;
        at = end;
      }
      held = held.subarray(length);
      secret = secret.subarray(length);
      return Buffer.concat(parts);
    };

    return {
      write: (chunk) => {
        const bytes = Buffer.from(chunk);
        const start = held.length;
        held = Buffer.concat([held, bytes]);
        secret = Buffer.concat([secret, Buffer.alloc(bytes.length)]);
        for (const trail of trails) {
          trail.follow(bytes, (end, length) => secret.fill(1, Math.max(0, start + end - length), start + end));
        }
        const undecided = trails.reduce((most, { matched }) => Math.max(most, matched), 0);
        return give(Math.max(0, held.length - undecided));
      },
      end: () => give(held.length),
    };
  }
}
