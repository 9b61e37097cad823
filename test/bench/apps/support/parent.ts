// A process of the benchmark: what started it asks questions over IPC, and ends it.

/** A question, and the answer to it. */
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly given: unknown;
}
export interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}
/** What a process says once: where it listens, if it does. */
export interface Ready {
  readonly ready: true;
  readonly url?: string;
}

type Answering = Record<string, (given: never) => unknown>;

/** What every process can be asked. */
const GENERAL: Answering = {
  /** Seconds of CPU that this process has used, in its own code and in the system. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  /** Resident bytes, as they are. */
  rss: () => process.memoryUsage().rss,
  /** Bytes. Where Node was started with --expose-gc, of what is alive. */
  memory: async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      // oxlint-disable-next-line no-await-in-loop -- what is finalised lets go of more
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage();
  },
};

/** What this process was started with. */
// oxlint-disable-next-line no-unnecessary-type-parameters -- both sides of the pipe are of this folder
export function given<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

/**
 * Says that this process is ready, and answers from now on.
 *
 * @param url where it listens
 * @param atEnd what is to be done before it ends
 */
export function answerParent(own: Answering = {}, url?: string, atEnd?: () => Promise<void>): void {
  const all: Answering = { ...GENERAL, ...own };
  process.on('message', ({ id, name, given: value }: Question) => {
    const say = (answer: Omit<Answer, 'id'>): void => void process.send?.({ id, ...answer });
    Promise.resolve()
      .then(() => all[name]?.(value as never))
      .then(
        (answer) => say({ answer }),
        (error: unknown) => say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  // The parent lets go of it, or has ended, by whatever: this process ends, too.
  const end = (): void => void Promise.resolve(atEnd?.()).finally(() => process.exit());
  if (process.connected) process.once('disconnect', end);
  else end();
  process.send?.({ ready: true, url } satisfies Ready);
}
