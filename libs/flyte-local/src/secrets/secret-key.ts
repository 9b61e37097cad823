import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf, createFileOnce, readIfPresent } from '../state/atomic-file.js';
import type { LocalDatabase } from '../state/local-database.js';
import { bytesOf } from '../state/sql.js';
import { STATE_FILES } from '../state/state-folder.js';
import { KEY_BYTES, seal, unseal } from './secret-cipher.js';

/** What the database keeps a sealed copy of, to tell the right key from a wrong one before any secret is touched. */
const CHECK = 'nestjs-flyte-local secret key check';

/**
 * The key that encrypts the secrets of a database, made at the first call and kept in a file of its own: who gets hold of
 * the database alone can't read them.
 *
 * @param folder a folder from `openStateFolder`; undefined makes a key that is kept nowhere
 * @throws FlyteError `invalid_configuration` if the key is missing, is another folder's, is damaged, or can be read by
 * other users
 */
export function openSecretKey(folder: string | undefined, database: LocalDatabase): Uint8Array {
  const isNew = sealedCheck(database) === undefined;
  const key = folder === undefined ? randomBytes(KEY_BYTES) : keyOfFolder(folder, isNew);
  if (isNew) {
    database.run('INSERT INTO secret_key_check (one, sealed) VALUES (1, ?) ON CONFLICT DO NOTHING', [
      seal(key, CHECK, Buffer.from(CHECK)),
    ]);
  }
  try {
    if (unseal(key, CHECK, bytesOf(sealedCheck(database))).toString() === CHECK) return key;
  } catch {
    // Said below; an error of a cipher has nothing to add.
  }
  throw unusable(pathOf(folder ?? ''), 'is not the one that the secrets of this state folder are encrypted with', LOST);
}

function sealedCheck(database: LocalDatabase): unknown {
  return database.get('SELECT sealed FROM secret_key_check')?.['sealed'];
}

const LOST =
  'Restore it from where the folder came from. Without it the secrets are lost: delete the state folder then.';

function keyOfFolder(folder: string, mayCreate: boolean): Uint8Array {
  const path = pathOf(folder);
  const present = readKey(path);
  if (present !== undefined) return parseKey(path, present);
  if (!mayCreate) throw unusable(path, 'is missing, and the database holds secrets that need it', LOST);
  const key = randomBytes(KEY_BYTES);
  try {
    if (createFileOnce(path, `${key.toString('base64')}\n`)) return key;
  } catch (error) {
    throw unusable(path, `can't be written (${codeOf(error)})`, 'Choose another state folder.');
  }
  return parseKey(path, readKey(path) ?? '');
}

function readKey(path: string): string | undefined {
  let text: string | undefined;
  let mode = 0;
  try {
    text = readIfPresent(path);
    if (text !== undefined) mode = lstatSync(path).mode;
  } catch (error) {
    throw unusable(path, `can't be read (${codeOf(error)})`, 'Choose another state folder.');
  }
  if (process.platform === 'win32' || (mode & 0o077) === 0) return text;
  throw unusable(
    path,
    'can be read by other users, so others may know it',
    'If it was always on this machine, run chmod 600 on it; if it came from elsewhere, store its secrets anew.',
  );
}

function parseKey(path: string, text: string): Uint8Array {
  const key = /^[A-Za-z0-9+/]{43}=\n?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (key?.length === KEY_BYTES) return key;
  throw unusable(path, 'is damaged', LOST);
}

function pathOf(folder: string): string {
  return join(folder, STATE_FILES.secretKey);
}

function unusable(path: string, problem: string, remedy: string): FlyteError {
  return new FlyteError('invalid_configuration', `The key of the secrets ${path} ${problem}. ${remedy}`);
}
