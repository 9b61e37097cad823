import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command } from 'commander';
import { deathOf } from '../runtime/action-death.js';
import { ACTION_SUBCOMMAND } from '../protocol/action-arguments.js';
import { ENDED_BY_REQUEST, NODE_PART, RUN_ACTION } from './action-process.js';

/**
 * `nestjs-flyte action …`: what a task's container runs. It exits with 0, whatever the action died of, or with 143 where it
 * was asked to end and there is no result. The shell's part of the command, bin/nestjs-flyte, does the same without a
 * second process of Node, and comes here only where that is not what started.
 */
export function actionCommand(): Command {
  return new Command(ACTION_SUBCOMMAND)
    .description("Run one action of a task: the command of a task's container")
    .usage('--task <name> --version <version> --module <file>#<export> --inputs <uri> --outputs-path <uri> …')
    .argument('[arguments...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: string[]) => {
      process.exitCode = await supervise(argv);
    });
}

async function supervise(argv: readonly string[]): Promise<number> {
  let asked = 0;
  let action: ChildProcess | undefined;
  // The action may take its time, unless it is asked again.
  const ask = (): void => void action?.kill(asked++ === 0 ? 'SIGTERM' : 'SIGKILL');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, ask);
  action = spawn(process.execPath, [...process.execArgv, NODE_PART, RUN_ACTION, ...argv], { stdio: 'inherit' });
  const status = await statusOf(action);
  if (status === 0) return 0;
  if (asked > 0) return ENDED_BY_REQUEST;
  const { reportDeath } = await import('./action-died.command.js');
  await reportDeath(argv, deathOf(status));
  return 0;
}

/** What a shell would say of a process's end. */
async function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    // The system could not start it.
    child.once('error', () => resolve(126));
  });
}
