import { isPlain } from './at.js';

/**
 * What stands for the key "__proto__" where a library would refuse it or drop it, as those do that read msgpack and that
 * validate. It is half of a surrogate pair, so no text that travels holds it.
 */
export const STAND_IN = '\ud800__proto__';

const KEY = '__proto__';

/** The same value with another name for each key "__proto__"; the value itself where there is none. */
export function hideProtoKeys(value: unknown): unknown {
  return renameKeys(value, KEY, STAND_IN);
}

/** The way back from {@link hideProtoKeys}: each such key is a field like any other, and no object's prototype. */
export function showProtoKeys(value: unknown): unknown {
  return renameKeys(value, STAND_IN, KEY);
}

/** The way back for a text that may quote keys. */
export function showProtoKey(text: string): string {
  return text.replaceAll(STAND_IN, KEY);
}

/** Plain objects and lists alone: what has a class of its own stays as it is. */
function renameKeys(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => renameKeys(item, from, to));
    return items.every((item, index) => Object.is(item, value[index])) ? value : items;
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value);
  const renamed = entries.map(([key, field]) => [key === from ? to : key, renameKeys(field, from, to)] as const);
  const isSame = renamed.every(
    ([key, field], index) => key === entries[index]?.[0] && Object.is(field, entries[index][1]),
  );
  return isSame ? value : Object.fromEntries(renamed);
}
