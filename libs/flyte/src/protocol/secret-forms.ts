import { Buffer, isUtf8 } from 'node:buffer';
import { base64Forms, hexForms, jsonForm, rareForms, WRAPPED_COLUMNS, wrapped } from './spellings.js';

/** Below this many bytes a value is no secret, and hiding it would hide every third word. */
const SHORTEST = 4;
/** A line of a secret of many lines is hidden on its own from this length on: `}` and `----` are no secrets. */
const SHORTEST_LINE = 8;
/** How many lines of a secret are hidden on their own. */
const MOST_LINES = 1000;
/** Longer values, in bytes, are not looked for in their rare spellings: each takes as much time and memory as the value. */
const MOST_FOR_RARE_FORMS = 64 * 1024;

/**
 * The ways a secret's value is likely to turn up in a log: as it is, each of its lines (builders put a prefix before each
 * line), in base64 and base64url, in hex and as JavaScript's JSON; up to 64 KiB also as other languages' JSON, in base64 that is
 * wrapped, URL-encoded, as Python and HTML write it, and as a Buffer is shown.
 *
 * @param bytes of the value, which need not be text
 * @returns byte strings, each once, made one by one; none at all for a value shorter than 4 bytes
 */
export function* secretForms(bytes: Uint8Array): Generator<Buffer> {
  const seen = new Set<string>();
  for (const form of formsOf(Buffer.from(bytes))) {
    const key = form.toString('latin1');
    if (seen.has(key)) continue;
    seen.add(key);
    yield form;
  }
}

function* formsOf(value: Buffer): Generator<Buffer> {
  // A file ends in a newline that `$(cat file)` drops: the value without it is the value too.
  const inner = trimmed(value);
  const whole = inner.length === value.length ? [value] : [value, inner];
  for (const piece of whole) {
    if (piece.length < SHORTEST) continue;
    yield piece;
    for (const text of spellingsOf(piece)) yield Buffer.from(text);
  }
  yield* linesOf(value);
}

function* spellingsOf(value: Buffer): Generator<string> {
  yield* hexForms(value);
  yield* base64Forms(value);
  const isLong = value.length > MOST_FOR_RARE_FORMS;
  if (isLong && !isUtf8(value)) return;
  yield jsonForm(value);
  if (isLong) return;
  yield* rareForms(value);
  for (const columns of WRAPPED_COLUMNS) yield* wrappedForms(value, columns);
}

/** Base64 of many lines, and each full line of it, for logs that put a prefix before each line. */
function* wrappedForms(value: Buffer, columns: number): Generator<string> {
  const lines = wrapped(value, columns);
  if (lines.length === 1) return;
  yield lines.join('\n');
  yield lines.join('\r\n');
  yield* lines.slice(0, Math.min(MOST_LINES, lines.length - 1));
}

function* linesOf(value: Buffer): Generator<Buffer> {
  // Latin-1 has a character for each byte.
  for (const line of value.toString('latin1').split(/[\r\n]+/, MOST_LINES)) {
    const content = trimmed(Buffer.from(line, 'latin1'));
    if (content.length >= SHORTEST_LINE) yield content;
  }
}

function trimmed(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length];
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

/** A tab, the end of a line or a space. */
function isBlank(byte: number | undefined): boolean {
  return byte === 9 || byte === 10 || byte === 13 || byte === 32;
}
