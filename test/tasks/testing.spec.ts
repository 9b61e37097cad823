import { existsSync } from 'node:fs';
import { Controller, Get, Injectable, UseFilters, UseGuards, UseInterceptors, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AuthMetadataInterceptor,
  Condition,
  FlyteAuthGuard,
  FlyteError,
  FlyteExceptionFilter,
  InjectTask,
  Secret,
  Task,
  TaskContext,
  TaskEnvironment,
  TaskHandle,
  taskRef,
  Tasks,
  UserService,
} from 'nestjs-flyte';
import { fakeTask, FlyteTestingModule, runTask } from 'nestjs-flyte/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { startApp } from '../support/app.js';
import { ask } from '../support/http.js';

const OPENAI = new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' });
const SSH = new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' });

@Tasks(new TaskEnvironment({ name: 'signing', secrets: SSH }))
class SigningTasks {
  constructor(readonly prefix: string) {}
  @Task({ inputs: z.object({ text: z.string() }), outputs: z.object({ signature: z.string() }) })
  async sign({ text }: { text: string }) {
    return { signature: `${this.prefix}${SSH.read()}${text}` };
  }
  @Task({ secrets: OPENAI, outputs: z.object({ key: z.string() }) }) async summarize() {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return { key: process.env['OPENAI_API_KEY'] ?? 'none' };
  }
  @Task({ inputs: z.object({ at: z.date(), n: z.int().default(3) }), outputs: z.object({ n: z.int() }) })
  async count({ n }: { at: Date; n: number }) {
    return { n: n / 2 };
  }
}
const Train = taskRef('training.train', {
  inputs: z.object({ epochs: z.int().default(3), tags: z.array(z.string()).optional() }),
  outputs: z.number(),
});

const PRICE = new Condition({ name: 'price', schema: z.int() });

/** A task that calls others does what a test wants it to. */
@Tasks(new TaskEnvironment({ name: 'calling' }))
class CallingTasks {
  constructor(readonly act: () => Promise<unknown>) {}
  @Task({ outputs: z.object({ said: z.string() }) }) async run() {
    return { said: JSON.stringify(await this.act()) };
  }
}
const inTask = async (act: () => Promise<unknown>, answers: readonly (readonly [Condition, unknown])[] = []) => {
  const { said } = await runTask(new CallingTasks(act), 'run', undefined, { answers });
  return JSON.parse(said) as unknown;
};

@Injectable()
class Caller {
  constructor(
    @InjectTask(SigningTasks, 'sign') readonly sign: TaskHandle<SigningTasks['sign']>,
    @InjectTask(Train) readonly train: TaskHandle<typeof Train>,
  ) {}
}

const sign = () => fakeTask(SigningTasks, 'sign', async ({ text }) => ({ signature: text.toUpperCase() }));
const caller = async (providers: Provider[]): Promise<Caller> => {
  const module = await Test.createTestingModule({
    imports: [FlyteTestingModule.forRoot({ user: { subject: 'alice' } })],
    providers: [Caller, ...providers],
  }).compile();
  return module.get(Caller);
};

@Controller()
@UseGuards(FlyteAuthGuard)
@UseInterceptors(AuthMetadataInterceptor)
@UseFilters(FlyteExceptionFilter)
class Guarded {
  constructor(private readonly users: UserService) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
}

it('FlyteTestingModule: classes that name guard, interceptor and filter can be made, and let everything pass', async () => {
  const imports = [FlyteTestingModule.forRoot({ user: { subject: 'alice' } })];
  await using app = await startApp({ imports, controllers: [Guarded] });
  expect(await ask(app.url, '/me')).toMatchObject({ status: 200, json: { subject: 'alice' } });
});

describe('fakeTask', () => {
  it('stands in for a handle, with the task’s own schemas, and records its calls', async () => {
    const signing = sign();
    const training = fakeTask(Train, ({ epochs }) => epochs / 10);
    const { sign: handle, train } = await caller([signing, training]);
    const run = await handle.run({ text: 'x' }, { idempotencyKey: 'k' });
    expect(await run.outputs()).toEqual({ signature: 'X' });
    expect(await train.call()).toBe(0.3);
    expect(await handle.attach(run.name).outputs()).toEqual({ signature: 'X' });
    expect(signing.calls).toEqual([{ inputs: { text: 'x' }, options: { idempotencyKey: 'k' }, run: run.name }]);
    expect((await handle.run({ text: 'x' }, { idempotencyKey: 'k' })).name).toBe(run.name);
    expect(signing.calls).toHaveLength(1);
    expect([handle.name, train.name]).toEqual(['signing.sign', 'training.train']);
    expect(await run.wait()).toMatchObject({ phase: 'succeeded', done: true });
  });

  it('refuses what the schemas refuse', async () => {
    const training = fakeTask(Train, () => 'high' as never);
    const { sign: handle, train } = await caller([sign(), training]);
    await expect(handle.run({ text: 5 } as never)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(train.call({ epochs: 1.5 })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(train.call()).rejects.toMatchObject({ code: 'task_failed' });
    expect(training.calls).toHaveLength(1);
  });

  it('fails as a run does where the function throws', async () => {
    const { sign: handle } = await caller([
      fakeTask(SigningTasks, 'sign', () => {
        throw new Error('no key');
      }),
      fakeTask(Train, () => 1),
    ]);
    const run = await handle.run({ text: 'x' });
    await expect(run.outputs()).rejects.toMatchObject({
      code: 'task_failed',
      message: `Run ${run.name} of signing.sign failed: no key`,
      run: { name: run.name, attempt: 1, origin: 'user' },
    });
    expect(await run.get()).toMatchObject({ phase: 'failed' });
  });
});

describe('fakeTask, whose function never ends,', () => {
  const endless = async () => {
    const train = fakeTask(Train, async ({ epochs }) => {
      if (epochs === 0) throw new Error('no epochs');
      return new Promise<number>(() => undefined);
    });
    return (await caller([sign(), train])).train;
  };

  it('is waited for as long as the caller says', async () => {
    const train = await endless();
    const run = await train.run();
    for (const late of [run.wait({ timeoutMs: 1 }), run.outputs({ timeoutMs: 1 }), train.call({}, { timeoutMs: 1 })]) {
      await expect(late).rejects.toMatchObject({
        code: 'deadline_exceeded',
        message: expect.stringMatching(/^Run \w+ is running after 1 ms\./),
      });
    }
    expect(await run.get()).toMatchObject({ phase: 'running' });
    const child = inTask(async () => train.call({}, { timeoutMs: 1 }));
    await expect(child).rejects.toMatchObject({
      code: 'deadline_exceeded',
      message: 'The child that runs training.train did not end within 1 ms, and is aborted.',
    });
  });

  it('is given up with the signal', async () => {
    const train = await endless();
    for (const inside of [false, true]) {
      const gone = new AbortController();
      const act = async () => train.call({}, { signal: gone.signal });
      const given = inside ? inTask(act) : act();
      const error = inside ? { message: 'left' } : { code: 'canceled' };
      setImmediate(() => gone.abort(new Error('left')));
      await expect(given).rejects.toMatchObject(error);
      await expect(inside ? inTask(act) : act()).rejects.toMatchObject(error);
    }
  });

  it('ends a map that fails', async () => {
    const train = await endless();
    const act = async () => train.map([{ epochs: 3 }, { epochs: 0 }]);
    for (const failing of [act(), inTask(act)]) {
      await expect(failing).rejects.toMatchObject({
        code: 'task_failed',
        message: expect.stringMatching(/no epochs$/),
      });
    }
  });
});

describe('fakeTask, in a task,', () => {
  it('is called and not run, but for a run of its own', async () => {
    const { train } = await caller([sign(), fakeTask(Train, ({ epochs }) => epochs)]);
    await expect(inTask(async () => train.run())).rejects.toMatchObject({ code: 'misuse' });
    expect(await inTask(async () => (await train.run({}, { detached: true })).outputs())).toBe(3);
    expect(await inTask(async () => train.call({ epochs: 2 }))).toBe(2);
  });

  it('refuses options that are wrong, as outside one', async () => {
    const { train } = await caller([sign(), fakeTask(Train, ({ epochs }) => epochs)]);
    const act = async () => train.call({}, { idempotencyKey: '' });
    await expect(act()).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(inTask(act)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('refuses what a child can’t have of its own', async () => {
    const { train } = await caller([sign(), fakeTask(Train, ({ epochs }) => epochs)]);
    const act = async () => train.call({}, { envVars: { A: '1' } });
    expect(await act()).toBe(3);
    await expect(inTask(act)).rejects.toMatchObject({
      ...{ code: 'invalid_argument', message: expect.stringContaining('which has envVars of its run') },
    });
  });
});

describe('runTask', () => {
  const tasks = new SigningTasks('>');
  afterEach(() => vi.unstubAllEnvs());

  it('gives file secrets as files, and removes them', async () => {
    vi.stubEnv('FLYTE_SECRETS_DEFAULT_DIR', '/nowhere');
    expect(await runTask(tasks, 'sign', { text: 'x' }, { secrets: [[SSH, 'pem']] })).toEqual({ signature: '>pemx' });
    expect(process.env['FLYTE_SECRETS_DEFAULT_DIR']).toBe('/nowhere');
    expect(existsSync('/nowhere')).toBe(false);
  });

  it('gives variables, one task after the other, and puts back what was there', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'the developer’s own');
    const keys = ['a', 'b', 'c'];
    const given = await Promise.all(
      keys.map((key) => runTask(tasks, 'summarize', undefined, { secrets: [[OPENAI, key]] })),
    );
    expect(given).toEqual(keys.map((key) => ({ key })));
    expect(await runTask(tasks, 'summarize', undefined, { secrets: [['openai-key', 'by key']] })).toEqual({
      key: 'by key',
    });
    expect(await runTask(tasks, 'summarize')).toEqual({ key: 'none' });
    expect(process.env['OPENAI_API_KEY']).toBe('the developer’s own');
  });

  it('refuses secrets that the task would not find in Flyte, and says where it looked for others', async () => {
    await expect(runTask(tasks, 'sign', { text: 'x' }, { secrets: [[OPENAI, 'v']] })).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/Secret openai-key as OPENAI_API_KEY is no secret that signing\.sign declares/),
    });
    await expect(runTask(tasks, 'sign', { text: 'x' })).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  it('parses inputs and checks outputs', async () => {
    expect(await runTask(tasks, 'count', { at: new Date(), n: 4 })).toEqual({ n: 2 });
    const odd = await runTask(tasks, 'count', { at: new Date() } as never).catch((error: unknown) => error);
    expect(odd).toBeInstanceOf(FlyteError);
    expect(odd).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/^outputs\.n/) });
    await expect(runTask(tasks, 'count', { at: 'now', n: 1 } as never)).rejects.toThrow(/inputs\.at/);
  });

  it('gives the answers to one condition in their order, and the last to all that follow', async () => {
    const act = async () => [
      await PRICE.wait({ prompt: 'one?' }),
      await PRICE.wait({ prompt: 'two?' }),
      await PRICE.wait({ prompt: 'three?' }),
    ];
    const answers = [
      [PRICE, 1],
      [PRICE, 2],
    ] as const;
    expect(await inTask(act, answers)).toEqual([1, 2, 2]);
  });

  it('refuses a step whose result is too large to be recorded', async () => {
    const ctx = new TaskContext();
    const step = async (length: number) => (await ctx.trace('step', {}, () => 'x'.repeat(length))).length;
    expect(await inTask(async () => step(2_000_000))).toBe(2_000_000);
    await expect(inTask(async () => step(3_000_000))).rejects.toMatchObject({ code: 'out_of_range' });
  });
});
