import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Question, Ready } from './apps/support/parent.js';

/** Where the apps are, compiled. */
const APPS = join(import.meta.dirname, 'apps');

const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 10_000;

/** How a process is started. */
export interface StartOptions {
  /** The Node that runs it; this one if not given. */
  readonly node?: string;
  /** What `given()` gives it. */
  readonly given?: unknown;
  /** For Node, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
}

/** What can be loaded. */
export interface Server {
  readonly url: string;
  /** Seconds of CPU that its process has used. */
  cpu(): Promise<number>;
}

/** A process of the benchmark that answers. */
export class Child implements Server, AsyncDisposable {
  /** Where it listens; empty where it does not. */
  url = '';
  private asked = 0;
  private readonly waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  private output = '';

  constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data) => (this.output = (this.output + String(data)).slice(-4_000)));
    }
    child.on('message', (message: Answer | Ready) => {
      if ('ready' in message) this.url = message.url ?? '';
      else if (message.error === undefined) this.waiting.get(message.id)?.resolve(message.answer);
      else this.waiting.get(message.id)?.reject(new Error(`${this.name}: ${message.error}`));
      if (!('ready' in message)) this.waiting.delete(message.id);
    });
    child.once('exit', () => {
      for (const { reject } of this.waiting.values()) reject(this.ended());
    });
  }

  /** Waits until it answers. */
  async ready(): Promise<this> {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    const exited = once(this.child, 'exit', { signal }).then(() => Promise.reject(this.ended()));
    await Promise.race([once(this.child, 'message', { signal }), exited]);
    exited.catch(() => undefined);
    return this;
  }

  /** Asks it something, by name. */
  async ask<T>(name: string, given?: unknown): Promise<T> {
    const id = ++this.asked;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.child.send({ id, name, given } satisfies Question, (error) => error && reject(this.ended()));
    });
  }

  async cpu(): Promise<number> {
    return this.ask('cpu');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    const tooLong = setTimeout(() => this.child.kill('SIGKILL'), END_WITHIN_MS);
    if (this.child.connected) this.child.disconnect();
    await exited;
    clearTimeout(tooLong);
  }

  private ended(): Error {
    return new Error(`The process ${this.name} ended. ${this.output}`.trim());
  }
}

/** Starts a process, without waiting for it. However this process ends, its IPC channel closes, and the other ends, too. */
export function launch(app: string, { node, given = {}, nodeOptions = [] }: StartOptions = {}): Child {
  const child = fork(join(APPS, `${app}.js`), [JSON.stringify(given)], {
    execPath: node ?? process.execPath,
    execArgv: [...nodeOptions],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return new Child(app, child);
}

/** Starts a process that answers. */
export async function start(app: string, options?: StartOptions): Promise<Child> {
  const child = launch(app, options);
  try {
    return await child.ready();
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}
