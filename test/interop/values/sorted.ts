/** What Python shows, with the entries of each dict in one order: a map has none on the way. */
export function sorted(shown: unknown): unknown {
  if (Array.isArray(shown)) return shown.map(sorted);
  if (typeof shown !== 'object' || shown === null) return shown;
  const entries = Object.entries(shown).map(([tag, inner]): [string, unknown] => {
    const value = sorted(inner);
    const isDict = tag === 'dict' && Array.isArray(value);
    return [tag, isDict ? value.map((entry) => JSON.stringify(entry)).toSorted() : value];
  });
  return Object.fromEntries(entries);
}
