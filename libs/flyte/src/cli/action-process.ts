import { join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { packageFolder } from '../protocol/package-folder.js';

// The shell's part of the command, bin/nestjs-flyte, knows these by heart.

/** The subcommand that is an action. */
export const RUN_ACTION = 'run-action';

/** The subcommand that writes what an action died of. */
export const ACTION_DIED = 'action-died';

/** What a process asked to end exits with where its action left no result: 128 and SIGTERM, as a shell says it. */
export const ENDED_BY_REQUEST = 143;

/** The command, as a file for Node. */
export const NODE_PART = join(installed(), 'bin/nestjs-flyte.js');

function installed(): string {
  const folder = packageFolder();
  if (folder !== undefined) return folder;
  throw new FlyteError('failed_precondition', 'The command nestjs-flyte runs in its own package alone: install it.');
}
