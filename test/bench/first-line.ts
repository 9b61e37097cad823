import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const WITHIN_MS = 60_000;

/** How long an action took to its first line. */
export interface FirstLine {
  readonly ms: number;
  /** Of the process that says the line. */
  readonly cpuMs: number;
}

/** A command that says `first line`, and how many seconds of CPU it used. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Where it is started. */
  readonly cwd: string;
  /** Folders that come first on its PATH. */
  readonly path?: readonly string[];
}

/** What Flyte sets in every container of a task. Nothing listens there: a task that asks nothing needs nobody. */
const VARIABLES = {
  ...{ RUN_NAME: 'r1', ACTION_NAME: 'a0', FLYTE_ATTEMPT_NUMBER: '0', _U_RUN_BASE: 'file:///base' },
  ...{ FLYTE_INTERNAL_EXECUTION_PROJECT: 'p1', FLYTE_INTERNAL_EXECUTION_DOMAIN: 'development', _U_ORG_NAME: 'o1' },
  ...{ _U_EP_OVERRIDE: 'dns:///localhost:1', _U_INSECURE: 'True' },
};

/**
 * Starts a command as a container would, and waits for its first line and its end.
 *
 * @param withFiles gives what follows the command's own arguments: where its inputs are, and where its outputs go
 * @throws Error where it says none
 */
export async function timeFirstLine(
  command: Command,
  withFiles: (files: { inputs: string; outputs: string; raw: string }) => readonly string[] = () => [],
): Promise<FirstLine> {
  const folder = await mkdtemp(join(import.meta.dirname, 'action-'));
  const uri = (name: string): string => pathToFileURL(join(folder, name)).href;
  await writeFile(join(folder, 'inputs.pb'), '');
  await mkdir(join(folder, 'outputs'));
  const args = withFiles({ inputs: uri('inputs.pb'), outputs: uri('outputs'), raw: uri('raw') });
  const path = [...(command.path ?? []), process.env['PATH']].join(delimiter);
  const began = performance.now();
  const child = spawn(command.file, [...command.args, ...args], {
    cwd: command.cwd,
    env: { PATH: path, ...VARIABLES },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, to end all of it
  });
  try {
    return await said(child, began);
  } finally {
    kill(child);
    await rm(folder, { recursive: true, force: true });
  }
}

async function said(child: ChildProcess, began: number): Promise<FirstLine> {
  let output = '';
  let ms: number | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      output += String(data);
      if (output.includes('first line')) ms ??= performance.now() - began;
    });
  }
  await once(child, 'close', { signal: AbortSignal.timeout(WITHIN_MS) });
  const [, seconds] = /first line ([\d.e-]+)/.exec(output) ?? [];
  if (ms === undefined || seconds === undefined) throw new Error(`There was no first line. ${output.slice(-1_000)}`);
  return { ms, cpuMs: Number(seconds) * 1e3 };
}

function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, 'SIGKILL');
}
