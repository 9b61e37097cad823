import { ATTEMPT_VARIABLE } from './attempts/attempt-plan.js';
import { fileUrl } from './attempts/data-folder.js';
import { killMarked } from './processes/process-tree.js';
import { removeSecretsOf } from './secrets/secrets-root.js';

/**
 * Removes what a plane left that could not clean up: the processes of its runs, on Linux, and their secret files. No plane
 * may be using the folders.
 *
 * @returns how many processes were ended
 */
export function removeLeftovers(folders: { readonly dataFolder: string; readonly secretsInUse: string }): number {
  const base = `${ATTEMPT_VARIABLE}=${fileUrl(folders.dataFolder)}/`;
  // Processes before files: they may still be reading theirs.
  const ended = killMarked((entry) => entry.startsWith(base));
  removeSecretsOf(folders.secretsInUse);
  return ended;
}
