import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const run = promisify(execFile);
const ANSWERS_WITHIN_MS = 60_000;

/** An app's folder outside of this repository. Its commands run on the oldest Node. */
export class AppFolder implements AsyncDisposable {
  private readonly env = { ...process.env, PATH: `${inject('oldestNode')}${delimiter}${process.env['PATH']}` };

  private constructor(readonly path: string) {}

  /**
   * Makes one. Its package.json names both packed libraries.
   *
   * @param packageJson what else is in it
   */
  static async make(packageJson: {
    readonly type: 'module' | 'commonjs';
    readonly dependencies: Readonly<Record<string, string>>;
  }): Promise<AppFolder> {
    const path = await mkdtemp(join(tmpdir(), 'app-'));
    const packed = Object.entries(inject('tarballs')).map(([name, file]) => [name, `file:${file}`] as const);
    const dependencies = { ...packageJson.dependencies, ...Object.fromEntries(packed) };
    await writeFile(join(path, 'package.json'), JSON.stringify({ private: true, ...packageJson, dependencies }));
    return new AppFolder(path);
  }

  /** What a command prints. Where it fails, the error has all of that. */
  async run(
    command: string,
    args: readonly string[],
    { input, ...env }: { input?: string; [name: string]: string | undefined } = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const running = run(command, args, { cwd: this.path, env: { ...this.env, ...env } });
    running.child.stdin?.end(input);
    return running.catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(' ')}\n${error.stdout}${error.stderr}`, { cause: error });
    });
  }

  /**
   * Starts a program, and waits until it answers.
   *
   * @param url answers 200 then
   */
  async start(
    command: string,
    args: readonly string[],
    env: Record<string, string>,
    url: string,
  ): Promise<AsyncDisposable> {
    // In a process group of its own, as npx starts another process.
    const child = spawn(command, args, { cwd: this.path, env: { ...this.env, ...env }, detached: true });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
    const ended = once(child, 'exit');
    const stop = async (): Promise<void> => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
      await ended;
    };
    const answers = async (): Promise<boolean> => (await fetch(url).catch(() => undefined))?.ok ?? false;
    const deadline = Date.now() + ANSWERS_WITHIN_MS;
    // oxlint-disable-next-line no-await-in-loop
    while (!(await answers())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        // oxlint-disable-next-line no-await-in-loop
        await stop();
        throw new Error(`${command} ${args.join(' ')} did not answer at ${url}\n${printed}`);
      }
      // oxlint-disable-next-line no-await-in-loop
      await sleep(100);
    }
    return { [Symbol.asyncDispose]: stop };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
