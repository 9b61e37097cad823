import { Buffer } from 'node:buffer';

/** Below this many bytes a value is no secret, and hiding it would hide every third word. */
const SHORTEST = 4;
/** A line of a secret of many lines is hidden on its own from this length on: `}` and `----` are no secrets. */
const SHORTEST_LINE = 8;

/**
 * The ways a secret's value is likely to turn up in a log: as it is, each of its lines (builders put a
 * prefix before each line), base64, base64url, hex, URL-encoded as in a query and in a form, JSON.
 *
 * @param value its bytes, which need not be text
 * @returns byte strings, none empty; none at all for a value shorter than 4 bytes
 */
export function secretForms(value: Buffer): Buffer[] {
  const pieces = [value];
  const text = value.toString('utf8');
  // A file ends in a newline that `$(cat file)` drops: the value without it is the value too.
  const trimmed = text.trim();
  if (trimmed !== text) pieces.push(Buffer.from(trimmed));
  if (/[\r\n]/.test(trimmed)) {
    for (const line of trimmed.split(/[\r\n]+/)) {
      if (line.trim().length >= SHORTEST_LINE) pieces.push(Buffer.from(line.trim()));
    }
  }
  const forms = pieces.filter((piece) => piece.length >= SHORTEST).flatMap((piece) => encodings(piece));
  const unique = new Map(
    forms.filter((form) => form.length >= SHORTEST).map((form) => [form.toString('latin1'), form]),
  );
  return [...unique.values()];
}

function encodings(value: Buffer): Buffer[] {
  const text = value.toString('utf8');
  const isText = Buffer.from(text).equals(value);
  const hex = value.toString('hex');
  const encoded = [hex, hex.toUpperCase(), ...base64Forms(value)];
  if (isText) {
    const url = encodeURIComponent(text);
    const strict = url.replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
    const form = new URLSearchParams({ v: text }).toString().slice('v='.length);
    const urls = [url, strict, form];
    encoded.push(...urls, ...urls.map((each) => each.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())));
    encoded.push(JSON.stringify(text).slice(1, -1));
  }
  return [value, ...encoded.map((form) => Buffer.from(form))];
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
