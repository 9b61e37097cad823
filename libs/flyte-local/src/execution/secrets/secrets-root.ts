import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Memory that looks like a folder, where the system has it: what is written there never reaches a disk. */
const SHARED_MEMORY = '/dev/shm';

/**
 * Makes the folder under which the secret files of running actions are.
 *
 * @param fallback where it is if there is no memory to put it in
 */
export function openSecretsRoot(fallback: string): string {
  const root = inMemory(fallback) ?? fallback;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return root;
}

/** Removes the folder and all that is in it. */
export function removeSecretsRoot(root: string): void {
  rmSync(root, { recursive: true, force: true });
}

/** Removes what a plane on this fallback left, whether its secrets were in memory or there. */
export function removeSecretsOf(fallback: string): void {
  const root = inMemory(fallback);
  if (root !== undefined) removeSecretsRoot(root);
  removeSecretsRoot(fallback);
}

/** A folder in memory with a name that the next start finds again; undefined if it can't be had for this user alone. */
function inMemory(fallback: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const uid = process.getuid?.() ?? 0;
  const digest = createHash('sha256').update(fallback).digest('hex').slice(0, 16);
  const path = join(SHARED_MEMORY, `nestjs-flyte-local-${uid}-${digest}`);
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // Anybody may make folders there, so one that exists may be a stranger's, or a link to somewhere.
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}
