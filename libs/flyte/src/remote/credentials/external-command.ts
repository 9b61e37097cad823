import * as z from 'zod';
import { FlyteError } from '../../errors/flyte-error.js';
import { runProcess } from '../../images/builders/run-process.js';
import { bearerHeader, headerProblem, lifetimeOf, type BearerOptions } from './bearer.js';
import { serviceLogin, type ServiceLogin } from '../options/service-login.js';
import { cached, type FreshToken } from './token-cache.js';

/** Options of {@link externalCommand}. */
export interface ExternalCommandOptions extends BearerOptions {
  /** How long the command may take, in milliseconds. 30 000 if not given. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MOST_BYTES = 65_536;

const Command = z.array(z.string().refine((word) => !word.includes('\0'))).refine(([program]) => Boolean(program));
const TimeoutMs = z.int().min(1).max(600_000);

/**
 * Logs in with the bearer token that a command prints, such as `gcloud auth print-identity-token`. The token is kept until
 * shortly before its end where it is a JWT that says so, else until Flyte refuses it. The Python SDK's `ExternalCommand`.
 *
 * ```ts
 * externalCommand(['gcloud', 'auth', 'print-identity-token', '--audiences=flyte'])
 * ```
 *
 * @param argv the program and its arguments; there is no shell. It runs in the working directory, with the app's variables
 * and without input, and is to print the token and nothing else to its standard output. What it writes to its standard error
 * is thrown away, as it may hold a token
 * @throws FlyteError `invalid_configuration` for wrong arguments. Calls fail with `unauthenticated` where the command fails
 * or prints no token, with `deadline_exceeded` where it takes too long
 */
export function externalCommand(argv: readonly string[], options: ExternalCommandOptions = {}): ServiceLogin {
  const { header, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const problem = headerProblem(header);
  const problems = [
    ...(Command.safeParse(argv).success
      ? []
      : ['takes a list of texts, the program first, such as ["my-login", "print"].']),
    ...(TimeoutMs.safeParse(timeoutMs).success ? [] : ['option "timeoutMs" takes 1 to 600 000 milliseconds.']),
    ...(problem === undefined ? [] : [`option "header" ${problem}`]),
  ];
  if (problems.length > 0) {
    throw new FlyteError('invalid_configuration', problems.map((one) => `externalCommand: ${one}`).join('\n'));
  }
  const [program = '', ...args] = argv;
  return serviceLogin('externalCommand', () =>
    cached(async (): Promise<FreshToken> => {
      const printed = await outputOf(program, args, timeoutMs);
      const credentials = bearerHeader(nameOf(program), printed, header);
      return { credentials, lifetimeMs: await lifetimeOf(printed) };
    }),
  );
}

// Arguments may be credentials; the program's name is none.
const nameOf = (program: string): string => `The command ${JSON.stringify(program)} of externalCommand`;

async function outputOf(program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  const tooMuch = new AbortController();
  const kept: Buffer[] = [];
  let size = 0;
  const { outcome, exitCode } = await runProcess(program, args, {
    env: process.env,
    timeoutMs,
    signal: tooMuch.signal,
    onOutput: (stream, chunk) => {
      if (stream === 'stderr' || tooMuch.signal.aborted) return;
      size += chunk.length;
      kept.push(chunk);
      if (size > MOST_BYTES) tooMuch.abort();
    },
  });
  const failed = (code: 'unauthenticated' | 'deadline_exceeded', what: string): FlyteError =>
    new FlyteError(code, `${nameOf(program)} ${what}`, { fault: 'operator' });
  const advice = 'Run it by hand as the user of this process, to see what it says.';
  if (outcome === 'absent') throw failed('unauthenticated', 'could not be started. See whether it is installed.');
  if (outcome === 'timed out') throw failed('deadline_exceeded', `did not end within ${timeoutMs} ms. ${advice}`);
  if (outcome === 'aborted') throw failed('unauthenticated', `printed more than a token has. ${advice}`);
  if (exitCode !== 0) throw failed('unauthenticated', `ended with ${exitCode ?? 'a signal'}. ${advice}`);
  return Buffer.concat(kept).toString('utf8');
}
