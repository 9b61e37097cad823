import { constants } from 'node:os';
import { note } from './output.js';

/** Set while something goes on that is to be ended before this process is. */
let ending: ((exitCode: number) => void) | undefined;

/**
 * A signal that fires on Ctrl-C, SIGTERM, and where the terminal is closed, which then decide the exit code.
 *
 * @param again what a second one does: `ends` this process at once, or `waits` for what the first one has begun to end;
 *   where it waits, an output that nobody reads any more fires, too
 */
export function interruption(again: 'ends' | 'waits'): AbortSignal {
  const interrupted = new AbortController();
  const interrupt = (exitCode: number): void => {
    if (interrupted.signal.aborted) {
      if (again === 'ends') process.exit(exitCode);
      return;
    }
    process.exitCode = exitCode;
    interrupted.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupt(128 + constants.signals[name]));
  }
  if (again === 'waits') ending = interrupt;
  return interrupted.signal;
}

/** Ends this process: at once, or as soon as what goes on has been ended. */
export function end(exitCode: number): void {
  if (ending === undefined) process.exit(exitCode);
  ending(exitCode);
}

/** Does what may have been done although nobody waits for its answer any more, and says then where to look. */
export async function inDoubt<T>(signal: AbortSignal, hint: string, act: () => Promise<T>): Promise<T> {
  const tell = (): void => note(hint);
  signal.addEventListener('abort', tell);
  try {
    return await act();
  } finally {
    signal.removeEventListener('abort', tell);
  }
}
