/** Shorter values are not looked for: hiding every "a" of a log would help nobody. In bytes. */
const MIN_BYTES = 4;

/** The shortest line of a value that is looked for on its own, and how many of them. */
const MIN_LINE_BYTES = 8;
const MAX_LINES = 1000;

/**
 * The spellings under which a secret may show up in a log: as it is, in base64 and base64url wherever it stands in the
 * encoded text, in hex, URL-encoded, escaped as in JSON, without the blanks around it, and line by line.
 */
export function secretSpellings(value: Uint8Array): Buffer[] {
  const whole = Buffer.from(value);
  const found = new Map<string, Buffer>();
  const add = (spelling: Buffer): void => {
    if (spelling.length >= MIN_BYTES) found.set(spelling.toString('latin1'), spelling);
  };
  for (const bytes of [whole, trimmed(whole)]) {
    if (bytes.length < MIN_BYTES) continue;
    add(bytes);
    for (const encoding of ['base64', 'base64url'] as const) for (const at of [0, 1, 2]) add(core(bytes, encoding, at));
    const hex = bytes.toString('hex');
    for (const text of [hex, hex.toUpperCase(), ...percentEncoded(bytes), ...escaped(bytes)]) add(Buffer.from(text));
  }
  for (const line of linesOf(whole)) add(line);
  return [...found.values()];
}

/**
 * The characters that base64 gives these bytes whatever stands around them.
 *
 * @param at where the bytes begin in their group of three
 */
function core(bytes: Buffer, encoding: 'base64' | 'base64url', at: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(at), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  // The first character that holds bits of these bytes alone, and the last one.
  const begin = Math.ceil((at * 8) / 6);
  const end = Math.floor(((at + bytes.length) * 8) / 6);
  return Buffer.from(text.slice(begin, end));
}

/** Each byte as RFC 3986 at its strictest writes it. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
});

/** As RFC 3986 at its strictest, so and in small letters; as Python, which spares the slash; as JavaScript; as a form. */
function percentEncoded(bytes: Buffer): string[] {
  const strict = Array.from(bytes, (byte) => ESCAPES[byte]).join('');
  const spare = (codes: RegExp): string =>
    strict.replaceAll(codes, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  return [
    strict,
    strict.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    spare(/%2F/g),
    spare(/%2[1789A]/g),
    strict.replaceAll('~', '%7E').replaceAll('%2A', '*').replaceAll('%20', '+'),
  ];
}

function escaped(bytes: Buffer): string[] {
  return [JSON.stringify(bytes.toString()).slice(1, -1)];
}

function trimmed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, ''), 'latin1');
}

/** A multi-line value is often printed with something before each line. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines = bytes.toString('latin1').split(/[\r\n]+/);
  if (lines.length < 2) return [];
  return lines
    .slice(0, MAX_LINES)
    .map((line) => trimmed(Buffer.from(line, 'latin1')))
    .filter((line) => line.length >= MIN_LINE_BYTES);
}
