import type { Secret } from './secret.js';

/**
 * The keys that are declared under different groups, each with its groups. Flyte's default secret manager, and the local control
 * plane with it, looks a secret up by its key alone: all groups get one value, which nobody who chose two of them expects.
 *
 * @returns a phrase per key; none is the usual case
 */
export function groupClashes(secrets: readonly Secret[]): string[] {
  const groups = new Map<string, Set<string | undefined>>();
  for (const { key, group } of secrets) groups.set(key, (groups.get(key) ?? new Set()).add(group));
  return [...groups]
    .filter(([, ofKey]) => ofKey.size > 1)
    .map(([key, ofKey]) => {
      const names = Array.from(ofKey, (group) => (group === undefined ? 'no group' : JSON.stringify(group))).toSorted();
      return (
        `the secret key ${JSON.stringify(key)} is declared under different groups (${names.join(', ')}), and Flyte's default secret ` +
        'manager looks secrets up by key alone, so that all of them get one value; give each secret a key of its own'
      );
    });
}
