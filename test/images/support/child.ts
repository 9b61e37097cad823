import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a program to its end, for at most two minutes. */
export async function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const { stdout } = await exec(program, args, { env, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** A program in the background, and how to end it. */
export interface Service {
  readonly stop: () => Promise<void>;
}

/** Starts a program, and waits until it answers. Its output goes to a file. */
export async function startService(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly log: string; readonly ready: () => Promise<unknown> },
): Promise<Service> {
  const child = spawn(program, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(options.log);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const stop = async (): Promise<void> => {
    await ended(child);
    log.end();
  };
  for (const deadline = Date.now() + 110_000; ; await sleep(200)) {
    try {
      await options.ready();
      // Somebody else may have answered, who took its port before it did.
      if (hasEnded(child)) throw new Error('it has ended, and something else answers in its place');
      return { stop };
    } catch (error) {
      if (!hasEnded(child) && Date.now() < deadline) continue;
      await stop();
      throw new Error(`${program} did not start; see ${options.log}`, { cause: error });
    }
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(timer);
}
