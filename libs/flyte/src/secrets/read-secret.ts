import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';

/** Where Flyte mounts file secrets, and the only mount a secret may name. */
export const SECRETS_MOUNT = '/etc/flyte/secrets';

/** The variable that names another folder than {@link SECRETS_MOUNT} to a task. */
export const SECRETS_DIR_VARIABLE = 'FLYTE_SECRETS_DEFAULT_DIR';

/** What reading needs: a secret's names, no value. */
export interface SecretLocation {
  /** The variable that carries it, if one does. */
  readonly asEnvVar: string | undefined;
  /** Paths under the folder of secrets, in the order of looking. */
  readonly files: readonly string[];
}

/** Variables to look in; `process.env` fits. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The paths, under the folder of secrets, where a secret's file may stand, in the order of looking. Flyte's secret
 * managers differ: those of Kubernetes and AWS write `<group>/<key>` in lower case, the default one `<key>` alone as
 * written. Who writes files for tasks writes all of them.
 */
export function secretFiles(key: string, group: string | undefined): readonly string[] {
  const spellings = group === undefined ? [key] : [`${group}/${key}`, key];
  return Object.freeze([...new Set(spellings.flatMap((path) => [path.toLowerCase(), path]))]);
}

/**
 * A secret's bytes, exactly as stored: the variable, else the first file of the folder that
 * `FLYTE_SECRETS_DEFAULT_DIR` names, `/etc/flyte/secrets` without it.
 *
 * @param name what the message calls the secret
 * @throws FlyteError `failed_precondition` where there is none; it lists where it looked, by name only
 */
export function readSecret(name: string, { asEnvVar, files }: SecretLocation, env: Environment): Uint8Array {
  const tried: string[] = [];
  if (asEnvVar !== undefined) {
    const value = env[asEnvVar];
    if (value !== undefined) return new TextEncoder().encode(value);
    tried.push(`the variable ${asEnvVar} (not set)`);
  }
  const folder = env[SECRETS_DIR_VARIABLE] || SECRETS_MOUNT;
  for (const file of files) {
    const path = join(folder, file);
    try {
      return Uint8Array.from(readFileSync(path));
    } catch (error) {
      tried.push(`the file ${path} (${reason(error)})`);
    }
  }
  throw new FlyteError(
    'failed_precondition',
    `${name} is not here. Looked at: ${tried.join(', ')}. A task finds only the secrets it declares: ` +
      'add this one to `secrets` of @Task or of its TaskEnvironment, and read it while the task runs.',
  );
}

/** Why a file could not be read. Anything but absence, such as missing rights, is worth its code. */
function reason(error: unknown): string {
  const code = systemCodeOf(error) ?? 'unreadable';
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : code;
}
