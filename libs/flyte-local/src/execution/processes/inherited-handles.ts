import { readdirSync, readFileSync } from 'node:fs';

/** In the flags of a handle, as Linux shows them: it ends where a process becomes another program. */
const O_CLOEXEC = 0o2000000;

/**
 * The handles beyond stdio that a process started from this one would have, on Linux: what this process got from the one
 * that started it. Node keeps its own to itself, and those that it got up to the first gap; elsewhere that is all there is.
 */
export function inheritedHandles(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((handle) => handle > 2 && isInherited(handle));
}

function isInherited(handle: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${handle}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    // The handle by which the folder was listed, which is closed by now.
    return false;
  }
}
