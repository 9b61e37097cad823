import { Buffer, isUtf8 } from 'node:buffer';

/** Where base64 is wrapped: by PEM, and by MIME and the command `base64`. */
export const WRAPPED_COLUMNS = [64, 76] as const;

/** The most bytes that Node shows of a Buffer (`buffer.INSPECT_MAX_BYTES`). */
const SHOWN_BYTES = 50;

/** What nobody escapes who does not escape everything. */
const PLAIN = /^[\w.-]*$/;

/** In small letters and in capitals. */
export function* hexForms(value: Buffer): Generator<string> {
  const hex = value.toString('hex');
  yield hex;
  yield hex.toUpperCase();
}

/**
 * Base64 depends on where in the encoded text the value begins: three ways, of which the characters that hold nothing
 * but the value's own bits are kept. That finds the token in the Basic credentials of `user:token`.
 */
export function* base64Forms(value: Buffer): Generator<string> {
  yield value.toString('base64');
  yield value.toString('base64url');
  for (const offset of [0, 1, 2]) {
    const before = Buffer.alloc(offset);
    const inner = (text: string): string =>
      text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + value.length) * 8) / 6));
    const shifted = Buffer.concat([before, value]);
    yield inner(shifted.toString('base64'));
    yield inner(shifted.toString('base64url'));
  }
}

/** The lines of base64 that is wrapped, of the value alone. */
export function wrapped(value: Buffer, columns: number): string[] {
  return value.toString('base64').match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
}

/** As JavaScript writes it. */
export function jsonForm(value: Buffer): string {
  return JSON.stringify(value.toString()).slice(1, -1);
}

/** The spellings that are rarer, or take more room. */
export function* rareForms(value: Buffer): Generator<string> {
  yield* listForms(value);
  const text = value.toString();
  const isText = isUtf8(value);
  if (isText) yield* unicodeForms(text);
  if (PLAIN.test(text)) return;
  yield* jsonFormsOfOthers(jsonForm(value));
  yield* urlForms(value);
  yield* pythonForms(value.toString('latin1'), /[^ -~]/g);
  if (!isText) return;
  // What is not printable, for Python.
  yield* pythonForms(text, /[^\P{C}]|[^\P{Z} ]/gu);
  yield* htmlForms(text);
}

/** `<Buffer 66 6f 6f>`, which is cut; `{"type":"Buffer","data":[102,111,111]}`; hex with something between the bytes. */
function* listForms(value: Buffer): Generator<string> {
  const hex = value.toString('hex');
  const separated = (digits: string, by: string): string => digits.replaceAll(/..(?=.)/g, `$&${by}`);
  yield separated(hex.slice(0, 2 * SHOWN_BYTES), ' ');
  for (const separator of [' ', ':', '-']) {
    yield separated(hex, separator);
    yield separated(hex.toUpperCase(), separator);
  }
  yield value.join(',');
  yield value.join(', ');
}

function escaped(text: string, characters: RegExp): string {
  return text.replaceAll(characters, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON in which everything is escaped. */
function* unicodeForms(text: string): Generator<string> {
  const hex = Buffer.from(text, 'utf16le').swap16().toString('hex');
  for (const digits of [hex, hex.toUpperCase()]) yield digits.replaceAll(/.{4}/g, String.raw`\u$&`);
}

/** As Go writes it, which escapes what HTML would read; as Python, which escapes all outside ASCII; as PHP, and the slash. */
function* jsonFormsOfOthers(json: string): Generator<string> {
  yield escaped(json, /[<>&\u2028\u2029]/g);
  const ascii = escaped(json, /[\x7f-\uffff]/g);
  yield ascii;
  if (!json.includes('/')) return;
  for (const each of [json, ascii]) yield each.replaceAll('/', String.raw`\/`);
}

/** Each byte as RFC 3986 at its strictest writes it. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
});

/** As RFC 3986 at its strictest; as Python, which spares the slash; as JavaScript; as a form; in capitals and in small letters. */
function* urlForms(value: Buffer): Generator<string> {
  const strict = Array.from(value, (byte) => ESCAPES[byte]).join('');
  const spare = (codes: RegExp): string =>
    strict.replaceAll(codes, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  const form = strict.replaceAll('~', '%7E').replaceAll('%2A', '*').replaceAll('%20', '+');
  for (const each of new Set([strict, spare(/%2F/g), spare(/%2[1789A]/g), form])) {
    yield each;
    yield each.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  }
}

/** As `repr` writes it, which escapes the single quote where the text around the value has both kinds of quotes. */
function* pythonForms(text: string, escapes: RegExp): Generator<string> {
  const escapedText = text.replaceAll('\\', String.raw`\\`).replaceAll(escapes, pythonEscape);
  yield escapedText;
  if (text.includes("'")) yield escapedText.replaceAll("'", String.raw`\'`);
}

function pythonEscape(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  if (short !== undefined) return short;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}

/** As text in HTML or XML, and as attributes by those who escape the quotes differently. */
function* htmlForms(text: string): Generator<string> {
  if (!/[&<>"']/.test(text)) return;
  const always = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  yield always;
  for (const [double, single] of [
    ['&quot;', "'"],
    ['&quot;', '&#39;'],
    ['&quot;', '&#x27;'],
    ['&quot;', '&apos;'],
    ['&#34;', '&#39;'],
  ] as const) {
    yield always.replaceAll('"', double).replaceAll("'", single);
  }
}
