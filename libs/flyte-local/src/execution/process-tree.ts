import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills what is left of an action's process and everything it started: its process group, and on Linux also what has left
 * the group, which is known by a variable that all of them inherit.
 *
 * @param pid the process that was started as the leader of its group
 * @param marker an entry of its environment, such as `NAME=value`, that no other process has
 */
export function killTree(pid: number, marker: string): void {
  signalGroup(pid, 'SIGKILL');
  killMarked((entry) => entry === marker);
}

/** Sends a signal to a process group, if there still is one. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    // Windows has no groups; there it reaches the process alone.
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It is gone, which is what the caller wants.
  }
}

/**
 * Kills every process of which an environment entry is like that, on Linux; elsewhere it does nothing.
 *
 * @returns how many it found
 */
export function killMarked(isMarked: (entry: string) => boolean): number {
  let killed = 0;
  // A process that forks while it is being looked for leaves a child for the next round.
  for (let round = 0; round < 5; round++) {
    const pids = marked(isMarked);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // It ended by itself.
      }
    }
  }
  return killed;
}

function marked(isMarked: (entry: string) => boolean): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => environmentOf(name).some(isMarked) && !isZombie(name))
    .map(Number);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    // Gone, or another user's.
    return [];
  }
}

function isZombie(pid: string): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
