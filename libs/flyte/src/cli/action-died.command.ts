import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { deathOf } from '../runtime/action-death.js';
import { type ActionFailure, messageOf } from '../runtime/action-failure.js';
import { hasResult, writeError } from '../runtime/action-files.js';
import { outputsPathOf } from '../protocol/action-arguments.js';
import { ACTION_DIED } from './action-process.js';

/** How long it may take in all, in milliseconds. */
const LIMIT_MS = 30_000;

interface Death {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
}

/**
 * `nestjs-flyte action-died --status <number> <the action's arguments>`: writes error.pb for an action whose process ended
 * without a result. It loads none of the task's code.
 */
export function actionDiedCommand(): Command {
  return new Command(ACTION_DIED)
    .description('Write error.pb for an action whose process died')
    .option('--status <number>', 'what a shell says of its end', Number, 1)
    .option('--code <code>', 'the kind of failure, where it is known')
    .option('--message <text>', 'what was wrong, where it is known')
    .argument('[arguments...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: string[], { status, code, message }: Death) => {
      const death = deathOf(status);
      await reportDeath(argv, { ...death, code: code ?? death.code, message: message ?? death.message });
    });
}

/**
 * Writes error.pb, unless there is a result. Where it can't be written, the log says why: Flyte then fails the run, for want
 * of a result.
 *
 * @param argv the action's arguments, right or wrong
 */
export async function reportDeath(argv: readonly string[], failure: ActionFailure): Promise<void> {
  // Whoever ends the action may end all processes of its group; this one has its time.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const folder = outputsPathOf(argv);
  const late = sleep(LIMIT_MS, `it took longer than ${LIMIT_MS / 1000} s`, { ref: false });
  const problem =
    folder === undefined ? '--outputs-path is missing' : await Promise.race([written(folder, failure), late]);
  console.error(`${failure.code}: ${failure.message}`);
  if (problem !== undefined) console.error(`error.pb cannot be written, so the run fails without a reason: ${problem}`);
}

async function written(folder: string, failure: ActionFailure): Promise<string | undefined> {
  try {
    if (!(await hasResult(folder))) await writeError(folder, failure);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
