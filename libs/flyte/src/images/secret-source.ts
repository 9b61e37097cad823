import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';
import type { Environment } from '../secrets/read-secret.js';
import type { BuildSecret } from './build-secret.js';

/** Where the files of build secrets stand, as in Flyte's official SDK. */
export const BUILD_SECRETS_DIR = '/etc/secrets';

/** What BuildKit takes for one secret, https://github.com/moby/buildkit/blob/master/session/secrets/secrets.go */
const LARGEST = 500 * 1024;

/** Where the machine that builds holds a secret, and the value, to keep it out of the log. */
export type SecretSource =
  | { readonly kind: 'variable'; readonly name: string; readonly value: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly value: Uint8Array };

/**
 * Finds each secret of a build: a {@link BuildSecret} with a path there; a named one in the variable `GROUP_KEY`, upper
 * case, with `_` for whatever no variable's name may hold, else in the file `/etc/secrets/<group>_<key>`.
 *
 * @param secrets by the id that the Dockerfile knows them by
 * @returns the sources by the same ids
 * @throws FlyteError `failed_precondition`, one for all that are missing, each with where it was looked for
 */
export function findSecretSources(
  secrets: ReadonlyMap<string, BuildSecret>,
  env: Environment,
  folder: string = BUILD_SECRETS_DIR,
): Map<string, SecretSource> {
  const found = new Map<string, SecretSource>();
  const missing: string[] = [];
  for (const [id, secret] of secrets) {
    const source = lookFor(secret, env, folder);
    if (typeof source === 'string') missing.push(`${secret.label}: ${source}`);
    else found.set(id, source);
  }
  if (missing.length === 0) return found;
  throw new FlyteError(
    'failed_precondition',
    `The image needs ${missing.length === 1 ? 'a secret that is' : `${missing.length} secrets that are`} not on this ` +
      `machine. Nothing was built. Set the variable or write the file of each:\n${missing.map((line) => `- ${line}`).join('\n')}`,
  );
}

function lookFor(secret: BuildSecret, env: Environment, folder: string): SecretSource | string {
  if (secret.path !== undefined) return readable(secret.path);
  const names = [secret.secret?.group, secret.secret?.key].filter((name) => name !== undefined).join('_');
  const name = names.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  const value = env[name];
  // CI systems set a variable to nothing where they know no such secret.
  if (value !== undefined && value !== '') return { kind: 'variable', name, value: Buffer.from(value) };
  const source = readable(join(folder, names));
  return typeof source === 'string' ? `variable ${name} (${value === '' ? 'empty' : 'not set'}), ${source}` : source;
}

function readable(path: string): SecretSource | string {
  if (/[,"]/.test(path)) return `file ${path} (not looked for: builders take no path with a comma or a quote)`;
  try {
    const value = readFileSync(path);
    if (value.length <= LARGEST) return { kind: 'file', path, value };
    return `file ${path} (${value.length} bytes, and builders take ${LARGEST})`;
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unreadable';
    return `file ${path} (${code === 'ENOENT' ? 'absent' : code})`;
  }
}
