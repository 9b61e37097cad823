import type { Secret } from 'nestjs-flyte';

/**
 * Says where one key is declared under different groups. A lookup goes by the key alone, so all of them get the same
 * value, which whoever chose two groups will not expect.
 *
 * @returns a warning per key; none is the usual case
 */
export function groupWarnings(secrets: readonly Secret[]): string[] {
  const groups = new Map<string, Set<string | undefined>>();
  for (const { key, group } of secrets) groups.set(key, (groups.get(key) ?? new Set()).add(group));
  return [...groups]
    .filter(([, ofKey]) => ofKey.size > 1)
    .map(([key, ofKey]) => {
      const names = Array.from(ofKey, (group) => (group === undefined ? 'no group' : JSON.stringify(group))).toSorted();
      return (
        `The secret key ${JSON.stringify(key)} is declared under different groups (${names.join(', ')}). Secrets are looked up ` +
        'by key alone, so all of them get the same value; give them different keys if they differ.'
      );
    });
}
