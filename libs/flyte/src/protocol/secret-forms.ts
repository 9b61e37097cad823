import { Buffer } from 'node:buffer';

/** Below this many bytes a value is no secret, and hiding it would hide every third word. */
const SHORTEST = 4;
/** A line of a secret of many lines is hidden on its own from this length on: `}` and `----` are no secrets. */
const SHORTEST_LINE = 8;
/** How many lines of a secret are hidden on their own. */
const MOST_LINES = 1000;

/**
 * The ways a secret's value is likely to turn up in a log: as it is, each of its lines (builders put a
 * prefix before each line), base64, base64url, hex, URL-encoded, JSON, and as a Buffer is shown.
 *
 * @param bytes of the value, which need not be text
 * @returns byte strings, none empty; none at all for a value shorter than 4 bytes
 */
export function secretForms(bytes: Uint8Array): Buffer[] {
  const value = Buffer.from(bytes);
  // A file ends in a newline that `$(cat file)` drops: the value without it is the value too.
  const whole = [value, trimmed(value)].filter((piece) => piece.length >= SHORTEST);
  const forms = [...whole, ...whole.flatMap(encodings), ...linesOf(value)];
  return [...new Map(forms.map((form) => [form.toString('latin1'), form])).values()];
}

function trimmed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, ''), 'latin1');
}

function linesOf(bytes: Buffer): Buffer[] {
  return bytes
    .toString('latin1')
    .split(/[\r\n]+/)
    .slice(0, MOST_LINES)
    .map((line) => trimmed(Buffer.from(line, 'latin1')))
    .filter((line) => line.length >= SHORTEST_LINE);
}

function encodings(value: Buffer): Buffer[] {
  const hex = value.toString('hex');
  const texts = [hex, hex.toUpperCase(), ...base64Forms(value), ...urlForms(value)];
  return [...texts, ...jsonForms(value.toString()), ...bufferForms(value)].map((text) => Buffer.from(text));
}

/**
 * Base64 depends on where in the encoded text the value begins: three ways, of which the characters that hold nothing
 * but the value's own bits are kept. That finds the token in the Basic credentials of `user:token`.
 */
function base64Forms(value: Buffer): string[] {
  const forms = [value.toString('base64'), value.toString('base64url')];
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), value]).toString('base64');
    const inner = shifted.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + value.length) * 8) / 6));
    forms.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

/** Each byte as RFC 3986 at its strictest writes it. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
});

/** As RFC 3986 at its strictest; as Python, which spares the slash; as JavaScript; as a form; in capitals and in small letters. */
function urlForms(value: Buffer): string[] {
  const strict = Array.from(value, (byte) => ESCAPES[byte]).join('');
  const spare = (codes: RegExp): string =>
    strict.replaceAll(codes, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  const form = strict.replaceAll('~', '%7E').replaceAll('%2A', '*').replaceAll('%20', '+');
  const forms = [...new Set([strict, spare(/%2F/g), spare(/%2[1789A]/g), form])];
  return forms.flatMap((each) => [each, each.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** As JavaScript writes it; as Go, which escapes what HTML would read; as Python, which escapes all outside ASCII. */
function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const escaped = (characters: RegExp): string =>
    json.replaceAll(characters, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [json, escaped(/[<>&\u2028\u2029]/g), escaped(/[\x7f-\uffff]/g)];
}

/** The most bytes that Node shows of a Buffer (`buffer.INSPECT_MAX_BYTES`). */
const SHOWN_BYTES = 50;

/** `<Buffer 66 6f 6f>`, which is cut, and `{"type":"Buffer","data":[102,111,111]}`. */
function bufferForms(value: Buffer): string[] {
  const shown = value
    .subarray(0, SHOWN_BYTES)
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$& ');
  return [shown, value.join(','), value.join(', ')];
}
