import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { Redactor } from '../../protocol/redactor.js';
import { urlDecoded } from '../../protocol/url-decoded.js';

/** Shorter pieces of a credential, such as the scheme "Basic" or a cookie's flag, are none, and would riddle the text. */
const SHORTEST_PIECE = 8;
/** Whoever sends a thousand cookies must not keep this process busy with each error: the longest are looked for. */
const MOST_PIECES = 200;

/**
 * A text of someone else, with every credential in it replaced by `***`: header values as they were sent, and what they
 * are made of, decoded. Each is found in the encodings that {@link Redactor} knows.
 */
export function redact(text: string, metadata: AuthMetadata | undefined): string {
  if (!metadata || text === '') return text;
  const sent = metadata.entries();
  const longest = sent.flatMap(([name, value]) => pieces(name, value)).toSorted((a, b) => b.length - a.length);
  const whole = sent.flatMap(([, value]) => [value, ...basic(value)]);
  // Of what is longer than the text, the text can only hold the beginning: the rest of a long header is no work.
  const most = Buffer.byteLength(text) + 1;
  return new Redactor([...whole, ...longest.slice(0, MOST_PIECES)].map((value) => value.slice(0, most))).redact(text);
}

/** User and password, together and each on its own (RFC 7617). */
function basic(value: string): string[] {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(value) ?? [];
  if (encoded === undefined) return [];
  // Which charset it was, only the client knows.
  return (['utf8', 'latin1'] as const).flatMap((charset) => {
    const pair = Buffer.from(encoded, 'base64').toString(charset);
    const colon = pair.indexOf(':');
    return [pair, pair.slice(0, Math.max(0, colon)), pair.slice(colon + 1)];
  });
}

/** Cookies' values; of other headers, what blanks separate. */
function pieces(name: string, value: string): string[] {
  const parts =
    name === 'cookie' ? value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim()) : value.split(/\s+/);
  const decoded = parts
    .flatMap((part) => [part, part.replace(/^"(.*)"$/, '$1')])
    .flatMap((part) => [part, urlDecoded(part)])
    .flatMap((part) => [part, ...jwt(part)]);
  return [...new Set(decoded)].filter((part) => part.length >= SHORTEST_PIECE);
}

/** Of a JWT, everything but its header, which says no more than the algorithm (RFC 7515, 3.1; RFC 7516 has five parts). */
function jwt(text: string): string[] {
  if (!/^[\w-]+(\.[\w-]*){2,4}$/.test(text)) return [];
  const [, ...segments] = text.split('.');
  const [claims = ''] = segments;
  return [...segments, Buffer.from(claims, 'base64url').toString()];
}
