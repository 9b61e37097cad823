import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  FlyteError,
  NonRecoverableError,
  Secret,
  Task,
  TaskContext,
  TaskEnvironment,
  Tasks,
  UserService,
} from 'nestjs-flyte';
import * as z from 'zod';

/** Nobody waits that long: what waits for it ends in another way. */
const LONG_MS = 2 ** 31 - 1;

const API_KEY = new Secret({ key: 'api-key', asEnvVar: 'API_KEY' });
const SSH = new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' });

export const demo = new TaskEnvironment({ name: 'demo', secrets: [API_KEY, SSH] });

let parses = 0;
const Greeting = z.object({
  who: z.string().refine(() => (parses += 1) > 0),
  greeting: z.string().default('hello'),
});

@Injectable()
export class Greeter {
  greet(greeting: string, who: string): string {
    return `${greeting}, ${who}`;
  }
}

let counters = 0;

@Injectable({ scope: Scope.REQUEST })
export class Counter {
  readonly number = (counters += 1);

  constructor(@Inject(REQUEST) readonly request: TaskContext) {}
}

@Tasks(demo)
export class DemoTasks implements OnModuleInit, OnModuleDestroy {
  private ready = '';

  constructor(
    private readonly greeter: Greeter,
    private readonly ctx: TaskContext,
  ) {}

  async onModuleInit(): Promise<void> {
    await sleep(1);
    this.ready = this.ctx.task;
  }

  onModuleDestroy(): void {
    new Logger('Demo').log('destroyed');
  }

  @Task({ inputs: Greeting, outputs: z.object({ text: z.string() }) })
  async greet({ who, greeting }: { who: string; greeting: string }): Promise<{ text: string }> {
    return { text: `${this.greeter.greet(greeting, who)}, parsed ${parses}` };
  }

  @Task({ outputs: z.record(z.string(), z.string()) })
  describe(): Record<string, string> {
    const { run, action, task, version, attempt, project, domain, org, signal } = this.ctx;
    this.ctx.logger.log('described');
    return {
      ...{ run, action, task, version, attempt: String(attempt), project, domain, org, ready: this.ready },
      aborted: String(signal.aborted),
    };
  }

  @Task()
  nothing(): void {}

  @Task({ outputs: z.object({ variable: z.string(), file: z.string() }) })
  secrets(): { variable: string; file: string } {
    return { variable: API_KEY.read(), file: SSH.read() };
  }

  @Task({ inputs: z.object({ how: z.string() }) })
  fail({ how }: { how: string }): void {
    if (how === 'user') throw new TypeError('no such thing', { cause: new Error('the real reason') });
    if (how === 'system') throw new FlyteError('unavailable', 'Flyte did not answer.');
    if (how === 'misuse') throw new FlyteError('misuse', 'wrongly used');
    if (how === 'final') throw new NonRecoverableError('never again', { code: 'BadLicence' });
    // oxlint-disable-next-line typescript/only-throw-error -- tasks may throw anything
    if (how === 'text') throw 'just text';
    // oxlint-disable-next-line typescript/only-throw-error -- tasks may throw anything
    if (how === 'nothing') throw undefined;
    if (how === 'secret')
      throw new Error(`401 for ${API_KEY.read()} and ${Buffer.from(SSH.read()).toString('base64')}`);
    if (how === 'hostile') {
      throw Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('even this');
        },
      });
    }
  }

  @Task({ inputs: z.object({ how: z.string() }) })
  async escape({ how }: { how: string }): Promise<void> {
    if (how === 'exit') process.exit(3);
    if (how === 'swallowed exit') {
      try {
        process.exit(0);
      } catch {
        await sleep(LONG_MS);
      }
    }
    if (how === 'rejection') void Promise.reject(new RangeError('nobody listens'));
    if (how === 'exception')
      setTimeout(() => {
        throw new RangeError('out of the blue');
      });
    if (how === 'idle') await new Promise(() => undefined);
    if (how === 'SIGKILL' || how === 'SIGTERM') process.kill(process.pid, how);
    if (how === 'abort') process.abort();
    if (how === 'heap') for (const all: number[][] = []; ;) all.push(Array.from({ length: 1e5 }, Math.random));
    if (how === 'exit code') {
      process.exitCode = 7;
      return;
    }
    await sleep(LONG_MS);
  }

  @Task({ inputs: z.object({ megabytes: z.number() }), outputs: z.object({ small: z.string(), large: z.string() }) })
  large({ megabytes }: { megabytes: number }): { small: string; large: string } {
    return { small: 'x', large: 'x'.repeat(megabytes * 1024 * 1024) };
  }

  @Task({ outputs: z.object({ number: z.number() }) })
  wrong(): { number: number } {
    return { number: 'seven' as unknown as number };
  }

  @Task({ inputs: z.object({ how: z.string() }), outputs: z.object({ reason: z.string() }) })
  async wait({ how }: { how: string }): Promise<{ reason: string }> {
    new Logger('Demo').log('waiting');
    if (how === 'deaf') await sleep(LONG_MS);
    try {
      await sleep(LONG_MS, undefined, { signal: this.ctx.signal });
    } catch (error) {
      if (how === 'obedient') throw error;
    }
    if (how === 'unhurried') await sleep(500);
    return { reason: String(this.ctx.signal.reason) };
  }

  @Task({ timeout: '1500ms' })
  async slow(): Promise<void> {
    await sleep(LONG_MS, undefined, { signal: this.ctx.signal });
  }

  /** Ends only some seconds after it was told to: longer than a watchdog waits for a thread that answers nothing. */
  @Task({ timeout: '1s', outputs: z.object({ reason: z.string() }) })
  async unhurried(): Promise<{ reason: string }> {
    await sleep(LONG_MS, undefined, { signal: this.ctx.signal }).catch(() => undefined);
    await sleep(3_000);
    return { reason: String(this.ctx.signal.reason) };
  }

  @Task({ timeout: { deadline: '90s' } })
  async late(): Promise<void> {
    new Logger('Demo').log('in time');
    await sleep(LONG_MS, undefined, { signal: this.ctx.signal });
  }

  @Task({ timeout: '2s' })
  busy(): void {
    for (;;);
  }
}

@Tasks(demo)
export class ScopedTasks {
  constructor(
    private readonly counter: Counter,
    private readonly other: Counter,
  ) {}

  @Task({ outputs: z.object({ number: z.number(), same: z.boolean(), of: z.string() }) })
  scoped(): { number: number; same: boolean; of: string } {
    return { number: this.counter.number, same: this.counter === this.other, of: this.counter.request.task };
  }
}

@Tasks()
export class PlainTasks {
  @Task({ name: 'hidden', outputs: z.string() })
  plain(): string {
    return 'plain';
  }
}

@Tasks(demo)
export class CallingTasks {
  constructor(private readonly users: UserService) {}

  @Task({ outputs: z.string() })
  async whoami(): Promise<string> {
    return (await this.users.get()).subject;
  }
}
