import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { assertStaysInside, FlyteError } from 'nestjs-flyte/protocol';
import { codeOf } from '../../state/atomic-file.js';
import { filedSecrets, type ResolvedSecret } from './declared-secrets.js';
import { AttemptRefused } from '../attempts/attempt-refused.js';

/** The secret files of one attempt. */
export interface SecretFiles {
  /** The folder that holds them, in both layouts. */
  readonly folder: string;
  /** Removes folder and files; a second call does nothing. */
  remove(): void;
}

/**
 * Writes the secrets that arrive as files into a new private folder: `<group>/<key>` and `<key>`, each as written and in
 * lower case, mode 0400.
 *
 * @param root a private folder for such folders
 * @returns undefined if no secret arrives as a file
 * @throws AttemptRefused where two secrets claim one path, a name would leave the folder, or they are too long together
 */
export function writeSecretFiles(root: string, secrets: readonly ResolvedSecret[]): SecretFiles | undefined {
  const filed = filedSecrets(secrets);
  if (filed.length === 0) return undefined;
  const folder = join(root, randomUUID());
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  try {
    const owners = new Map<string, string>();
    const first = new Map<string, string>();
    for (const one of filed) writeOne(folder, one, owners, first);
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

/** @param owners whose file a path is, by the path in lower case @param first a file that holds a key's value */
function writeOne(
  folder: string,
  { secret, value }: ResolvedSecret,
  owners: Map<string, string>,
  first: Map<string, string>,
): void {
  for (const file of secret.files) {
    checkPath(file);
    // By lower case, since two names that differ in case are one file on macOS and Windows.
    const owner = owners.get(file.toLowerCase());
    if (owner !== undefined && owner !== secret.key) throw claimedTwice(owner, secret.key, file);
    owners.set(file.toLowerCase(), secret.key);
    const path = join(folder, file);
    if (existsSync(path) && owner !== undefined) continue;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // A second name for one file: a value is held once, however many layouts show it.
      const held = first.get(secret.key);
      if (held === undefined) writePrivate(path, value);
      else linkSync(held, path);
      first.set(secret.key, held ?? path);
    } catch (error) {
      // A group and a key of one name: a path can't be a file and a folder.
      if (['EEXIST', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) throw claimedTwice('another one', secret.key, file);
      throw new Error(`The secret files can't be written (${codeOf(error)}).`, { cause: error });
    }
  }
}

/** O_EXCL and O_NOFOLLOW: whoever could plant a file or a link here gets no secret through it. */
function writePrivate(path: string, value: Uint8Array): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  // O_NOFOLLOW is unknown to Windows.
  const handle = openSync(path, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o400);
  try {
    // The umask may have taken bits away.
    fchmodSync(handle, 0o400);
    writeFileSync(handle, value);
  } finally {
    closeSync(handle);
  }
}

function checkPath(file: string): void {
  try {
    assertStaysInside('The path of a secret', file);
  } catch (error) {
    if (FlyteError.is(error)) throw new AttemptRefused(error.message);
    throw error;
  }
}

function claimedTwice(one: string, other: string, file: string): AttemptRefused {
  return new AttemptRefused(
    `The secrets with keys ${JSON.stringify(one)} and ${JSON.stringify(other)} both claim the path ${JSON.stringify(file)} ` +
      'under the folder of secrets. Rename one, or receive it in a variable.',
  );
}
