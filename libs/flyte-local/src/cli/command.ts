import { Command, CommanderError, Option } from 'commander';
import { FlyteError } from 'nestjs-flyte/protocol';
import { mintToken } from '../tokens/mint-token.js';
import { collect, positiveNumber, stateOption, wholeNumber } from './options.js';
import { runPlane, type PlaneFlags } from './run-plane.js';
import { secretCommand } from './secret-command.js';
import { UsageError } from './usage-error.js';

interface TokenFlags {
  readonly state?: string;
  readonly name?: string;
  readonly email?: string;
  readonly project?: string[];
  readonly expiresIn?: number;
  readonly audience?: string;
}

/**
 * Runs the command `nestjs-flyte-local`.
 *
 * @param argv what follows the command's name
 * @returns the exit code: 0 done, 1 failed, 2 called wrongly
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const program = planeCommand();
  program.addCommand(tokenCommand(program)).addCommand(secretCommand(program));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its own message; of its exits, only help has code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(messageOf(error));
    return error instanceof UsageError || (error instanceof FlyteError && error.code === 'misuse') ? 2 : 1;
  }
}

function planeCommand(): Command {
  return new Command('nestjs-flyte-local')
    .description('A Flyte control plane in one process, for development and tests. Production is Flyte on Kubernetes.')
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for the flags)')
    .option('--port <port>', 'the port; 0 takes a free one (default: 8090)', wholeNumber)
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .addOption(stateOption())
    .addOption(new Option('--auth <mode>', 'who may call without a token').choices(['required', 'optional']))
    .option('--audience <audience>', 'whom tokens must be for (default: flyte-local)')
    .option('--allow-remote', 'allow a --host that other machines reach; needs TLS and required auth')
    .option('--allowed-host <name>', 'a further name in Host and Origin of requests; may be repeated', collect)
    .option('--tls-cert <file>', 'a certificate in PEM; the port speaks TLS only then')
    .option('--tls-key <file>', 'its private key in PEM')
    .option('--tls-ca <file>', 'the authority that signed it, in PEM: for tasks that call tasks')
    .option(
      '--max-concurrent-streams <count>',
      'limit of open streams on an HTTP/2 connection (default: 250)',
      wholeNumber,
    )
    .option(
      '--max-concurrent-actions <count>',
      'how many actions run at a time (default: one per processor)',
      wholeNumber,
    )
    .option('--abort-grace <seconds>', 'how long an aborted action may take to end (default: 5)', wholeNumber)
    .option('--working-directory <folder>', 'the folder that commands of actions run in (default: the current one)')
    .option('--verbose', 'print a line for each call: method, subject, code, duration')
    .action((flags: PlaneFlags) => runPlane(flags));
}

function tokenCommand(program: Command): Command {
  return new Command('token')
    .description('Print a token for the plane of a state folder, which may be running or not.')
    .argument('<subject>', 'who holds the token')
    .copyInheritedSettings(program)
    .addOption(stateOption())
    .option('--name <name>', 'full name')
    .option('--email <address>', 'e-mail address')
    .option('--project <id>', 'the only project that the token may touch; may be repeated', collect)
    .option('--expires-in <seconds>', 'how long it lives (default: 3600)', positiveNumber)
    .option('--audience <audience>', 'whom it is for (default: what the plane asked for last)')
    .action(async (subject: string, flags: TokenFlags) => {
      const { name, email, project, expiresIn, audience } = flags;
      // Either side of the word "token": a flag that is ignored would mint for another plane.
      const state = flags.state ?? program.opts<PlaneFlags>().state;
      const token = await mintToken({
        state,
        subject,
        name,
        email,
        projects: project,
        audience,
        expiresInSeconds: expiresIn,
      });
      console.log(token);
    });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
