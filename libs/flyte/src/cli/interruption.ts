import { constants } from 'node:os';

/**
 * A signal that fires on Ctrl-C and SIGTERM, which then decide the exit code.
 *
 * @param again what a second one does: `ends` this process at once, or `waits` for what the first one has begun to end
 */
export function interruption(again: 'ends' | 'waits'): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const exitCode = 128 + constants.signals[name];
      if (interrupted.signal.aborted && again === 'ends') process.exit(exitCode);
      process.exitCode = exitCode;
      interrupted.abort();
    });
  }
  return interrupted.signal;
}
