import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** What a run's process does, and what is spawned beside it: says a line, and ends well. */
export const SCRIPT = 'echo "first line"; [ -z "$1" ] || : > "${1#file://}/outputs.pb"';

/** A process of a shell that only puts out. */
export type Script = ChildProcessByStdio<null, Readable, null>;

/** @param text what the shell runs */
export function startScript(text = SCRIPT): Script {
  return spawn('/bin/sh', ['-c', text, 'sh'], { stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Waits for its end. */
export async function ended(script: Script): Promise<void> {
  script.stdout.resume();
  await once(script, 'close');
}

/** @returns seconds */
export async function timed(one: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await one();
  return (performance.now() - began) / 1e3;
}
