/** What a comment of the file holds at most, in characters. */
const MAX_COMMENT = 300;

/** By these words tools find a map of the code, in strings too. */
const STEERS = /source(?=(?:Mapping)?URL)/g;
const CONTROL = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/**
 * Text as a string of TypeScript. Whatever would end it, or would not show, is escaped: names come from whoever deployed
 * the task.
 */
export function textSource(text: string): string {
  // As Prettier quotes: where single quotes would have to be escaped, and double ones not.
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll(STEERS, String.raw`\u0073ource`)
    .replaceAll(CONTROL, (found) =>
      [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
    );
  return quote + escaped + quote;
}

/** Text as a part of a comment: one line, which ends neither the comment nor the line. */
export function lineSource(text: string): string {
  const line = text.replaceAll(CONTROL, ' ').replaceAll('*/', '* /').replaceAll(STEERS, 'source ');
  return line.replaceAll(/ +/g, ' ').trim();
}

/** Text as a comment, shortened. It begins with no sign: "@" there speaks to the compiler. */
export function commentSource(text: string): string {
  const line = lineSource(text);
  const short = line.length > MAX_COMMENT ? `${line.slice(0, MAX_COMMENT).replace(/\p{Cs}$/u, '')}…` : line;
  return /^[^\p{L}\p{N}]/u.test(short) ? `"${short}"` : short;
}

/** A name as the key of a property. */
export function keySource(name: string): string {
  // Without brackets it would set the object's prototype.
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : textSource(name);
}

/** A value as TypeScript; undefined for what no literal of the language says. */
export function valueSource(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return textSource(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : undefined;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return joined('[', value.map(valueSource), ']');
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const fields = Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => {
      const source = valueSource(field);
      return source === undefined ? undefined : `${keySource(name)}: ${source}`;
    });
  return fields.length === 0 ? '{}' : joined('{ ', fields, ' }');
}

function joined(open: string, parts: readonly (string | undefined)[], close: string): string | undefined {
  return parts.includes(undefined) ? undefined : open + parts.join(', ') + close;
}
