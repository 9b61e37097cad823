import { Command } from 'commander';
import { PACKAGE } from '../gen/package.js';
import { ACTION_SUBCOMMAND } from '../protocol/action-arguments.js';
import { ACTION_DIED } from './action-process.js';

/** One subcommand, one file, loaded when it is asked for: an action is not to wait for what it has no use of. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  build: async () => (await import('./build.command.js')).buildCommand(),
  deploy: async () => (await import('./deploy.command.js')).deployCommand(),
  run: async () => (await import('./run.command.js')).runCommand(),
  abort: async () => (await import('./abort.command.js')).abortCommand(),
  get: async () => (await import('./get/get.command.js')).getCommand(),
  secret: async () => (await import('./secret/secret.command.js')).secretCommand(),
  whoami: async () => (await import('./whoami.command.js')).whoamiCommand(),
  compile: async () => (await import('./compile.command.js')).compileCommand(),
  refs: async () => (await import('./refs.command.js')).refsCommand(),
  image: async () => (await import('./image.command.js')).imageCommand(),
  [ACTION_SUBCOMMAND]: async () => (await import('./action.command.js')).actionCommand(),
  [ACTION_DIED]: async () => (await import('./action-died.command.js')).actionDiedCommand(),
};

/** Whether a subcommand is part of an action, which goes on though nobody reads its log any more. */
export function isOfAction(name = ''): boolean {
  return name === ACTION_SUBCOMMAND || name === ACTION_DIED;
}

/**
 * The command `nestjs-flyte`. What is wrong with its arguments is thrown.
 *
 * @param name the subcommand that is asked for; all of them are there where it is none
 */
export async function createProgram(name = ''): Promise<Command> {
  const program = new Command('nestjs-flyte')
    .description('Flyte for NestJS, on the command line')
    .version(PACKAGE.version)
    // An action has a --version of its own.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 used wrongly, 3 the run did not succeed, 130 after Ctrl-C, 143 after SIGTERM.',
    );
  const wanted = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  const commands = await Promise.all(wanted.flatMap((one) => COMMANDS[one]?.() ?? []));
  for (const command of commands) program.addCommand(command, { hidden: command.name() === ACTION_DIED });
  return throwing(program);
}

/** Wrong arguments end the process with another code than Commander's. */
function throwing(command: Command): Command {
  for (const one of command.commands) throwing(one);
  return command.exitOverride();
}
