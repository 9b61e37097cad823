import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { devNull } from 'node:os';
import type { Readable } from 'node:stream';
import { codeOf } from '../../state/atomic-file.js';
import { AttemptRefused } from '../attempts/attempt-refused.js';
import { inheritedHandles } from './inherited-handles.js';
import type { Command } from './namespaces.js';
import { groupInNamespace, killTree, signalGroup } from './process-tree.js';

/** A process to run. */
export interface ProcessSpec extends Command {
  /** What a person calls the program. */
  readonly name: string;
  /** Whether it is the start of namespaces: then the command is in them, and nothing outlives it. */
  readonly isApart: boolean;
  /** An entry of its environment that no other process has. */
  readonly marker: string;
  /** Takes what it writes. */
  readonly onOutput: (from: 'out' | 'err', chunk: Buffer) => void;
  /** Asks it to end: SIGTERM to its group, and SIGKILL to all it started once the grace is over. */
  readonly stop: AbortSignal;
  /** How long it may take to end once it is asked, in milliseconds. */
  readonly graceMs: number;
}

/** How a process ended: one of both is null. */
export interface ExitStatus {
  /** What it returned. */
  readonly code: number | null;
  /** The signal that killed it. */
  readonly signal: NodeJS.Signals | null;
}

/** How long output may still come once the process has ended, in milliseconds. */
const OUTPUT_GRACE_MS = 1000;

/**
 * Runs a process to its end. When it has ended, everything that it started is killed, as in a container.
 *
 * @throws AttemptRefused if the system can't start it
 */
export async function runProcess(spec: ProcessSpec): Promise<ExitStatus> {
  const child = await start(spec);
  const { pid = 0 } = child;
  child.stdout.on('data', (chunk: Buffer) => spec.onOutput('out', chunk));
  child.stderr.on('data', (chunk: Buffer) => spec.onOutput('err', chunk));
  const closed = once(child, 'close');
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    // In namespaces that are not ready yet, there is nothing to end gently.
    const group = spec.isApart ? groupInNamespace(pid) : pid;
    if (group === undefined || !signalGroup(group, 'SIGTERM')) killTree(pid, spec.marker);
    killer = setTimeout(() => killTree(pid, spec.marker), spec.graceMs);
  };
  if (spec.stop.aborted) stop();
  else spec.stop.addEventListener('abort', stop, { once: true });
  try {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  } finally {
    spec.stop.removeEventListener('abort', stop);
    clearTimeout(killer);
    if (!spec.isApart) killTree(pid, spec.marker);
  }
  await outputEnd(child, closed);
  return { code: child.exitCode, signal: child.signalCode };
}

interface Child extends ChildProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

async function start({ name, file, args, env, cwd }: ProcessSpec): Promise<Child> {
  const nothing = openSync(devNull, 'r');
  try {
    // In the place of each handle that would be inherited, since no other way to close them reaches all of them.
    const others: ('ignore' | number)[] = [];
    for (const handle of inheritedHandles()) others[handle - 3] = nothing;
    const stdio = [
      'ignore' as const,
      'pipe' as const,
      'pipe' as const,
      ...Array.from(others, (one) => one ?? 'ignore'),
    ];
    // A group of its own: it can be signalled as one, and Ctrl-C in the plane's terminal does not reach it.
    const child = spawn(file, [...args], { cwd, env, detached: true, stdio });
    await once(child, 'spawn');
    if (!hasOutput(child)) throw new Error('The pipes of the process are missing.');
    return child;
  } catch (error) {
    // Without a cause, because Node attaches the arguments to it.
    const code = codeOf(error);
    const reason = code === 'E2BIG' ? 'its arguments and variables are too long together' : code;
    throw new AttemptRefused(`The command ${JSON.stringify(name)} can't be started: ${reason}.`);
  } finally {
    closeSync(nothing);
  }
}

function hasOutput(child: ChildProcess): child is Child {
  return child.stdout !== null && child.stderr !== null;
}

/** A process that escaped may hold the pipes open for ever. */
async function outputEnd(child: Child, closed: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
  }, OUTPUT_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
