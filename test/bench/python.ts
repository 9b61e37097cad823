import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Server } from './processes.js';

const run = promisify(execFile);

/** What is written in Python. It is not compiled, so it lies where it was written. */
export const PYTHON_SOURCES = join(import.meta.dirname, '../../test/bench/python');

/**
 * A folder of commands with Flyte's Python SDK in it, as `requirements.txt` pins it. It is made once.
 *
 * @throws Error where there is no Python, or no package
 */
export async function pythonCommands(): Promise<string> {
  const venv = join(import.meta.dirname, 'python');
  const requirements = join(PYTHON_SOURCES, 'requirements.txt');
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const bin = join(venv, process.platform === 'win32' ? 'Scripts' : 'bin');
  const mark = join(venv, 'made-from');
  if ((await readFile(mark, 'utf8').catch(() => '')) === digest) return bin;
  try {
    await rm(venv, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', venv]);
    await run(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    await stat(join(bin, 'a0'));
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split('\n') : [];
    throw new Error(`Flyte's Python SDK can't be had: ${lines.at(-1)}`, { cause: error });
  }
  await writeFile(mark, digest);
  return bin;
}

/** Starts the Python app. It ends with its standard input, and so with this process. */
export async function startPythonApp(upstream: string, caFile: string): Promise<Server & AsyncDisposable> {
  const child = spawn(join(await pythonCommands(), 'python'), [join(PYTHON_SOURCES, 'me.py'), upstream], {
    env: { ...process.env, SSL_CERT_FILE: caFile },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const port = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (port === undefined) throw new Error('The Python app ended before it was ready.');
  const url = `http://127.0.0.1:${String(port[0]).trim()}`;
  return {
    url,
    cpu: async () => Number(await (await fetch(`${url}/cpu`)).text()),
    [Symbol.asyncDispose]: end,
  };
}
