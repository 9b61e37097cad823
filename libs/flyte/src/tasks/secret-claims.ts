import { groupClashes } from '../secrets/secret-groups.js';
import type { Secret } from '../secrets/secret.js';

/** The secrets of several requests together: those that are equal, once. */
export function joinSecrets(...lists: readonly (readonly Secret[])[]): Secret[] {
  const joined: Secret[] = [];
  for (const secret of lists.flat()) if (!joined.some((one) => one.equals(secret))) joined.push(secret);
  return joined;
}

/**
 * Where a task's secrets would take each other's place: two that claim one variable, two that claim one file, one key under
 * two groups, and a variable that the task sets itself. The file is `<group>/<key>`, in lower case as Kubernetes' and AWS's
 * managers write it.
 */
export function secretClashes(secrets: readonly Secret[], envVars: Readonly<Record<string, string>>): string[] {
  const clashes = secrets.flatMap((secret, index) =>
    secrets.slice(0, index).flatMap((other) => clash(other, secret) ?? []),
  );
  const variables = secrets.flatMap(({ asEnvVar }) => asEnvVar ?? []).filter((name) => Object.hasOwn(envVars, name));
  return [
    ...clashes,
    ...groupClashes(secrets),
    ...variables.map((name) => `the variable ${name} is claimed by a secret and set by envVars; remove one of them`),
  ];
}

function clash(one: Secret, other: Secret): string | undefined {
  const both = `${one.toString()} and ${other.toString()}`;
  if (one.asEnvVar !== undefined || other.asEnvVar !== undefined) {
    if (one.asEnvVar !== other.asEnvVar) return undefined;
    return `${both} claim one variable, ${one.asEnvVar}; give one of them another asEnvVar`;
  }
  const [first = '', second = ''] = [one.files[0], other.files[0]];
  if (first === second) return `${both} claim one file, ${first}; receive one of them asEnvVar`;
  if (first.startsWith(`${second}/`) || second.startsWith(`${first}/`)) {
    return `${both} claim ${first} and ${second}, one of which would be the folder of the other; receive one of them asEnvVar`;
  }
  return undefined;
}
