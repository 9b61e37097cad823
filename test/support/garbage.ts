import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage, which Node does on demand only where a flag says so. */
export async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 5; i++) {
    // oxlint-disable-next-line no-await-in-loop -- a WeakRef is kept until the end of its turn
    await new Promise(setImmediate);
    gc();
  }
}
