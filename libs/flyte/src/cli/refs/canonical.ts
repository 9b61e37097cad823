import { isRecord } from '../../literals/at.js';

/** A value of JSON with the keys of its objects sorted: Flyte keeps them in no order, and a file is to stay the same. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, canonical(field)]));
}

/** The names of a {@link canonical} object's fields: first the required ones as the class has them, which is all that is known of its order. */
export function fieldNames(properties: Readonly<Record<string, unknown>>, required: readonly string[]): string[] {
  const names = new Set(required.filter((name) => Object.hasOwn(properties, name)));
  for (const name of Object.keys(properties)) names.add(name);
  return [...names];
}
