import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = join(import.meta.dirname, '..');

/** Where `requirements.txt` is installed: kept between runs, and ignored by git. */
const FOLDER = join(here, '.python');

/** The folder of the commands `python`, `flyte` and `a0`. */
export const PYTHON_BIN = join(FOLDER, process.platform === 'win32' ? 'Scripts' : 'bin');

/** A script that is the SDK's command `flyte`, and ends when that is done. */
export const FLYTE = join(here, 'python/flyte_command.py');

/** The SDK's own minimum. */
const OLDEST = [3, 10] as const;

/** Where to stop what hangs, such as a registry that nobody answers for. */
const INSTALLS_WITHIN_MS = 600_000;

/**
 * Makes the virtual environment of `requirements.txt`, once for as long as that file stays the same.
 *
 * @returns why it can't be had: no Python, one that is too old, none that makes virtual environments, or no network
 */
export async function makePythonEnvironment(): Promise<string | undefined> {
  const requirements = join(here, 'requirements.txt');
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const mark = join(FOLDER, 'made-from');
  if ((await readFile(mark, 'utf8').catch(() => '')) === digest) return undefined;
  const version = await pythonVersion();
  if (version === undefined) return 'there is no command python3';
  if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
    return `python3 is ${version.join('.')}, and the SDK needs ${OLDEST.join('.')}`;
  }
  await rm(FOLDER, { recursive: true, force: true });
  const environment = await failure('python3', ['-m', 'venv', FOLDER]);
  if (environment)
    return `python3 made no virtual environment (on Debian: apt-get install python3-venv): ${environment}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  const installed = await failure(join(PYTHON_BIN, 'python'), pip);
  if (installed) return `pip did not install ${requirements}: ${installed}`;
  await writeFile(mark, digest);
  return undefined;
}

async function pythonVersion(): Promise<readonly [number, number] | undefined> {
  const print = 'import sys; print(*sys.version_info[:2])';
  const answer = await run('python3', ['-c', print]).catch(() => undefined);
  if (answer === undefined) return undefined;
  const [major = 0, minor = 0] = answer.stdout.trim().split(' ').map(Number);
  return [major, minor];
}

/** The last line of what a command that failed has printed. */
async function failure(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    await run(command, args, { timeout: INSTALLS_WITHIN_MS });
    return undefined;
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    return (stderr.trim() || message).split('\n').at(-1);
  }
}
