import { Worker } from 'node:worker_threads';
import { MAX_TIMER_MS } from '../protocol/limits.js';

/** What code is to be killed for, and when. */
export interface Deadline {
  /** From now, in milliseconds. */
  readonly ms: number;
  /** The last line of the process's log. */
  readonly lastWords: string;
  /** A command that is run first, and waited for. */
  readonly report?: readonly string[] | undefined;
}

/** Kills the process where code never gives way, so that no timer of its thread can end it. */
export interface Watchdog {
  /** Sets the deadline, in place of the one before. Nothing happens where the thread is found to be responsive then. */
  watch(deadline: Deadline | undefined): void;
  /** Lets go. */
  stop(): void;
}

/** How long a thread may go without answering before it counts as blocked, in milliseconds. */
const PATIENCE_MS = 1000;

// V8 can be told to end a loop from outside (`Runtime.terminateExecution`), but Node does not survive that: it finds its
// async context in disorder, and aborts.
const WATCH = `
  const { writeSync } = require('node:fs');
  const { parentPort, workerData: beat } = require('node:worker_threads');
  const kill = () => process.kill(process.pid, 'SIGKILL');
  let timer;
  parentPort.on('message', (deadline) => {
    clearTimeout(timer);
    if (!deadline) return;
    timer = setTimeout(() => {
      const before = Atomics.load(beat, 0);
      timer = setTimeout(() => {
        if (Atomics.load(beat, 0) !== before) return;
        try { writeSync(2, deadline.lastWords + '\\n'); } catch {}
        const [file, ...args] = deadline.report ?? [];
        if (file) require('node:child_process').spawn(file, args, { stdio: 'inherit' }).on('error', kill).on('exit', kill);
        else kill();
      }, ${PATIENCE_MS});
    }, deadline.ms);
  });
`;

/** Watches over the thread that calls this. */
export function startWatchdog(): Watchdog {
  const beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const timer = setInterval(() => Atomics.add(beat, 0, 1), PATIENCE_MS / 5).unref();
  // Without the options that may load the task's code.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const worker = new Worker(WATCH, { eval: true, workerData: beat, env, execArgv: [] });
  // Where there can be no thread, there is no watchdog.
  worker.on('error', () => undefined);
  worker.unref();
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    watch: (deadline) => worker.postMessage(deadline && deadline.ms <= MAX_TIMER_MS ? deadline : undefined),
    stop: () => {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
