import { spawn } from 'node:child_process';
import type { Environment } from '../../secrets/read-secret.js';

/** How a program is run. */
export interface ProcessOptions {
  readonly env: Environment;
  /** Milliseconds after which it and its children are ended. */
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
  /** Gets what it writes to either of its outputs, as it comes. Without it the text is kept for the result. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

/** How a program ended. */
export interface ProcessResult {
  readonly outcome: 'ended' | 'absent' | 'timed out' | 'aborted';
  /** Its exit code; undefined where it did not end by itself. */
  readonly exitCode: number | undefined;
  /** What it wrote to both outputs, unless `onOutput` took it. */
  readonly text: string;
}

/** Runs a program to its end; a program that can't be found, or fails, is a result and no error. */
export type RunProcess = (command: string, args: readonly string[], options: ProcessOptions) => Promise<ProcessResult>;

/** How long a program may take to end after it was asked to, in milliseconds. */
const GRACE = 5_000;

/** {@link RunProcess} by a process group of its own, so that the children of a builder end with it. */
export const runProcess: RunProcess = (command, args, { env, timeoutMs, signal, onOutput }) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const kept: Buffer[] = [];
    let outcome: ProcessResult['outcome'] = 'ended';
    let killer: NodeJS.Timeout | undefined;

    const end = (why: ProcessResult['outcome']): void => {
      if (outcome !== 'ended') return;
      outcome = why;
      kill(child.pid, 'SIGTERM');
      killer = setTimeout(() => kill(child.pid, 'SIGKILL'), GRACE);
    };
    const timer = setTimeout(() => end('timed out'), timeoutMs);
    const abort = (): void => end('aborted');
    signal?.addEventListener('abort', abort);

    const finish = (exitCode: number | undefined): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      signal?.removeEventListener('abort', abort);
      resolve({ outcome, exitCode, text: Buffer.concat(kept).toString('utf8') });
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        if (onOutput === undefined) kept.push(chunk);
        else onOutput(stream, chunk);
      });
    }
    child.once('error', () => {
      outcome = 'absent';
      finish(undefined);
    });
    child.once('close', (code) => finish(code ?? undefined));
    if (signal?.aborted === true) abort();
  });

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
