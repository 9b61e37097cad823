import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kills what is left of an action's process and everything it started: its process group, and on Linux also what has left
 * the group, which is known by a variable that all of them inherit. In namespaces, process 1 has it, and ends all others.
 *
 * @param pid the process that was started as the leader of its group
 * @param marker an entry of its environment, such as `NAME=value`, that no other process has
 */
export function killTree(pid: number, marker: string): void {
  signalGroup(pid, 'SIGKILL');
  killMarked((entry) => entry === marker);
}

/**
 * Sends a signal to a process group.
 *
 * @returns false if there is none
 */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    // Windows has no groups; there it reaches the process alone.
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    return false;
  }
}

/**
 * The process group in a process namespace, which is that of its process 1.
 *
 * @param pid the process that made the namespace; process 1 is its only child
 * @returns undefined if it has not made it yet
 */
export function groupInNamespace(pid: number): number | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return /^\d+$/.test(child) ? Number(child) : undefined;
  } catch {
    return undefined;
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
