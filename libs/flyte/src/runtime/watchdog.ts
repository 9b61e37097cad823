import { Worker } from 'node:worker_threads';

/** Ends code that never gives way, which no timer of its own thread can. */
export interface Watchdog {
  /**
   * Ends what runs when `ms` milliseconds have passed, unless the thread is found to be responsive then. In place of what
   * was asked before; nothing is ended without a number.
   */
  watch(ms: number | undefined): void;
  /** Lets go. */
  stop(): void;
}

/** How long a thread may go without answering before it counts as blocked, in milliseconds. */
const PATIENCE_MS = 1000;

// The longest that Node's timers can wait; a longer one would fire at once.
const MAX_TIMER_MS = 2 ** 31 - 1;

// V8's own way to end a loop from outside. The thread's other work, such as its timers, goes on as if the code had
// waited for ever: see `Runtime.terminateExecution` of https://chromedevtools.github.io/devtools-protocol/v8/Runtime/
const WATCH = `
  const { parentPort, workerData: beat } = require('node:worker_threads');
  const { Session } = require('node:inspector');
  let timer;
  parentPort.on('message', (ms) => {
    clearTimeout(timer);
    if (ms === undefined) return;
    timer = setTimeout(() => {
      const before = Atomics.load(beat, 0);
      timer = setTimeout(() => {
        if (Atomics.load(beat, 0) !== before) return;
        const session = new Session();
        session.connectToMainThread();
        session.post('Runtime.terminateExecution', () => session.disconnect());
      }, ${PATIENCE_MS});
    }, ms);
  });
`;

/** Watches over the thread that calls this. Without worker threads or inspector there is no watchdog, and no error. */
export function startWatchdog(): Watchdog {
  const beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const timer = setInterval(() => Atomics.add(beat, 0, 1), PATIENCE_MS / 5).unref();
  const worker = new Worker(WATCH, { eval: true, workerData: beat, env: {}, stdout: true, stderr: true });
  worker.on('error', () => undefined);
  worker.unref();
  return {
    watch: (ms) => worker.postMessage(ms === undefined || ms > MAX_TIMER_MS ? undefined : ms),
    stop: () => {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
