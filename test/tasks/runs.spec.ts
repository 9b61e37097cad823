import { Code } from '@connectrpc/connect';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  authMetadata,
  FlyteClient,
  FlyteModule,
  InjectTask,
  RunService,
  Secret,
  Task,
  TaskEnvironment,
  TaskHandle,
  taskRef,
  Tasks,
  TaskService,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import { TaskCodec } from 'nestjs-flyte/testing';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ErrorInfo_Kind } from 'nestjs-flyte/idl/workflow/run_definition';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { until } from '../support/calls.js';
import { FakeFlyte } from './fake-flyte.js';

const OPENAI = new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' });
const Signature = z.object({ signature: z.string() });
let made = 0;

@Tasks(new TaskEnvironment({ name: 'signing', secrets: OPENAI }))
class SigningTasks {
  constructor() {
    made += 1;
  }
  @Task({ inputs: z.object({ text: z.string() }), outputs: Signature, retries: 2 })
  async sign({ text }: { text: string }) {
    return { signature: text };
  }
}
const Train = taskRef('training.train', { inputs: z.object({ epochs: z.int().default(3) }), outputs: z.number() });

@Injectable()
class Caller {
  constructor(
    @InjectTask(SigningTasks, 'sign') readonly sign: TaskHandle<SigningTasks['sign']>,
    @InjectTask(Train) readonly train: TaskHandle<typeof Train>,
    readonly flyte: FlyteClient,
    readonly runs: RunService,
    readonly tasks: TaskService,
  ) {}
}

let plane: FakeFlyte;
const modules: TestingModule[] = [];
async function start(options: FlyteModuleOptions = {}): Promise<Caller> {
  const module = await Test.createTestingModule({
    imports: [
      FlyteModule.forRoot({
        ...{ endpoint: plane.url, project: 'p1', domain: 'development' },
        tasks: { module: './libs/flyte/dist/index.js#FlyteModule', version: 'v1' },
        ...options,
      }),
      FlyteModule.forFeature([SigningTasks, Train]),
    ],
    providers: [Caller],
  }).compile();
  modules.push(module);
  await module.init();
  return module.get(Caller);
}
beforeEach(async () => {
  plane = await FakeFlyte.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(modules.splice(0).map((module) => module.close()));
  await plane.close();
});

const all = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const found = [];
  for await (const value of values) found.push(value);
  return found;
};
const methods = (): string[] => plane.calls.map(({ method }) => method);
/** The task's side: what it would write. */
const signed = async (signature: string) =>
  (await new TaskCodec({ outputs: Signature }).encodeOutputs({ signature })).literals;
const number = async (value: number) => (await new TaskCodec({ outputs: z.number() }).encodeOutputs(value)).literals;

describe('a run', () => {
  it('goes from inputs to outputs, without an instance of the class', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' }, { labels: { team: 'a' }, envVars: { MODE: 'fast' } });
    expect(run.name).toMatch(/^[a-z][-a-z0-9]{0,28}[a-z0-9]$/);
    const { request, inputs } = plane.run;
    expect(inputs?.literals.map(({ name }) => name)).toEqual(['text']);
    expect(request.runSpec).toMatchObject({
      labels: { values: { team: 'a' } },
      envs: { values: [{ key: 'MODE', value: 'fast' }] },
    });
    expect(request.task).toMatchObject({
      case: 'taskSpec',
      value: {
        shortName: 'sign',
        environment: { name: 'signing' },
        taskTemplate: {
          id: { name: 'signing.sign', version: 'v1', project: 'p1', domain: 'development' },
          securityContext: { secrets: [{ key: 'openai-key', envVar: 'OPENAI_API_KEY' }] },
        },
      },
    });
    const waiting = run.outputs();
    await until(() => plane.open.length === 1);
    plane.run.become({ phase: ActionPhase.RUNNING });
    plane.run.succeed(await signed('abc'));
    expect(await waiting).toEqual({ signature: 'abc' });
    expect(await run.inputs()).toEqual({ text: 'x' });
    expect(await run.get()).toMatchObject({ name: run.name, task: 'signing.sign', phase: 'succeeded', done: true });
    expect(made).toBe(0);
  });

  it('keeps its deadline over all tries', async () => {
    const { sign } = await start({ retries: 10 });
    for (let i = 0; i < 20; i += 1) plane.failures.push({ method: 'createRun', code: Code.Unavailable });
    await expect(sign.run({ text: 'x' }, { timeoutMs: 150 })).rejects.toMatchObject({
      code: expect.stringMatching(/^(unavailable|deadline_exceeded)$/) as string,
    });
    expect(methods().length).toBeLessThan(5);
  });

  it('of a contract runs the version deployed last, and `call` waits', async () => {
    const { train, tasks } = await start();
    await expect(train.call({ epochs: 1 })).rejects.toMatchObject({
      code: 'not_found',
      message:
        'The task "training.train" has no version in p1/development. Deploy it, or ask for a version that is there.',
    });
    plane.deployed.push({ name: 'training.train', version: '7', spec: undefined });
    const called = train.call();
    await until(() => plane.runs.size === 1);
    expect(plane.run.request.task).toMatchObject({ case: 'taskId', value: { name: 'training.train', version: '7' } });
    expect(plane.run.inputs?.literals).toEqual([]); // the receiver fills in the default
    plane.run.succeed(await number(0.5));
    expect(await called).toBe(0.5);
    expect(await all(tasks.versions('training.train'))).toMatchObject([{ version: '7' }]);
    await train.run({}, { version: '6' });
    expect([...plane.runs.values()].at(-1)?.request.task).toMatchObject({ value: { version: '6' } });
  });

  it('names the field of bad inputs, before the network', async () => {
    const { sign, runs } = await start();
    await expect(sign.run({ text: 5 } as never)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/^inputs\.text: /),
    });
    await expect(runs.create('signing.sign', {})).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(runs.create('signing.typo', {})).rejects.toMatchObject({ code: 'not_found' });
    expect(plane.calls).toEqual([]);
  });

  it.each([
    [{ labels: { 'a b': 'x' } }, /no key of a label/],
    [{ labels: { a: 'x'.repeat(64) } }, /at most 63/],
    [{ envVars: { 'a-b': 'x' } }, /no name of a variable/],
    [{ envVars: { FLYTE_X: 'x' } }, /which Flyte sets itself/],
    [{ idempotencyKey: '' }, /"idempotencyKey" takes/],
    [{ version: 'a b' }, /version/],
  ])('refuses the options %j', async (options, message) => {
    const { sign } = await start();
    await expect(sign.run({ text: 'x' }, options)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });

  it('is made once, though its creation is repeated', async () => {
    const { sign } = await start();
    plane.failures.push({ method: 'createRun', code: Code.Unavailable, after: true });
    const run = await sign.run({ text: 'x' });
    expect(methods()).toEqual(['createRun', 'createRun']);
    expect([...plane.runs.keys()]).toEqual([run.name]);
  });

  it('is the same for the same idempotency key, and an error with other inputs', async () => {
    const { sign } = await start();
    const first = await sign.run({ text: 'x' }, { idempotencyKey: 'order 1' });
    const again = await sign.run({ text: 'x' }, { idempotencyKey: 'order 1' });
    expect(again.name).toBe(first.name);
    expect(methods().filter((method) => method === 'createRun')).toHaveLength(1);
    await expect(sign.run({ text: 'y' }, { idempotencyKey: 'order 1' })).rejects.toMatchObject({
      code: 'already_exists',
      message: `The idempotency key was used before, with other inputs: run ${first.name}. Use a key of its own for each piece of work.`,
    });
    expect((await sign.run({ text: 'x' }, { idempotencyKey: 'order 2' })).name).not.toBe(first.name);
  });

  it('of two creations at once with one key, tells the second', async () => {
    const { sign } = await start();
    const both = await Promise.allSettled(['x', 'y'].map((text) => sign.run({ text }, { idempotencyKey: 'k' })));
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it.each([
    [(run: FakeFlyte['run']) => run.fail('no such key'), 'task_failed', 'failed: no such key', 'user'],
    [
      (run: FakeFlyte['run']) => run.fail('node lost', ErrorInfo_Kind.SYSTEM),
      'task_failed',
      'failed: node lost',
      'system',
    ],
    [
      (run: FakeFlyte['run']) => run.become({ phase: ActionPhase.ABORTED, reason: 'changed my mind' }),
      ...(['run_aborted', 'was aborted: changed my mind', 'unknown'] as const),
    ],
    [
      (run: FakeFlyte['run']) => run.become({ phase: ActionPhase.TIMED_OUT }),
      ...(['run_timed_out', 'timed out: it took too long', 'unknown'] as const),
    ],
  ])('that does not succeed throws, %#', async (end, code, words, origin) => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.become({ attempt: 2 });
    end(plane.run);
    await expect(run.outputs()).rejects.toMatchObject({
      code,
      message: `Run ${run.name} of signing.sign ${words}`,
      run: { name: run.name, attempt: 2, origin },
    });
    expect((await run.wait()).done).toBe(true);
  });

  it('waits for the error that comes after the phase', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    const outputs = run.outputs();
    outputs.catch(() => undefined);
    plane.run.become({ settled: false });
    plane.run.fail('in the end');
    // There and back, twice: whoever waits has been told the phase by then.
    for (let i = 0; i < 2; i += 1) await run.get();
    plane.run.become({ settled: true });
    await expect(outputs).rejects.toThrow(/in the end/);
  });

  it('has outputs that come later than its last phase', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    for (let i = 0; i < 2; i += 1) plane.failures.push({ method: 'getActionData', code: Code.NotFound });
    plane.run.succeed(await signed('late'));
    expect(await run.outputs()).toEqual({ signature: 'late' });
    expect(methods().filter((method) => method === 'getActionData')).toHaveLength(3);
  });

  it('whose outputs never come is not found in the end', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.become({ phase: ActionPhase.SUCCEEDED });
    await expect(run.outputs()).rejects.toMatchObject({ code: 'not_found' });
    expect(methods().filter((method) => method === 'getActionData')).toHaveLength(5);
  });

  it('that gives what the task does not promise is not the caller’s fault', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.succeed(await number(1));
    await expect(run.outputs()).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/does not promise: outputs/),
    });
  });
});

describe('Flyte’s answers that mean something else', () => {
  const says = 'action not found: failed to get action: pq: sorry, too many clients already';

  it('a database without connections is asked again, and not taken for a missing run', async () => {
    const { sign, runs } = await start();
    const run = await sign.run({ text: 'x' }, { idempotencyKey: 'k' });
    plane.run.succeed(await signed('abc'));
    for (const method of ['getActionDetails', 'watchActionDetails', 'getActionData', 'getRunDetails'])
      plane.failures.push({ method, code: Code.NotFound, says });
    expect((await runs.get(run.name)).phase).toBe('succeeded');
    expect(await run.outputs()).toEqual({ signature: 'abc' });
    expect((await sign.run({ text: 'x' }, { idempotencyKey: 'k' })).name).toBe(run.name);
    expect(plane.failures).toEqual([]);
  });

  it('a version that is not there is not_found, and the operator’s to mend where the app names it', async () => {
    const { sign, train } = await start({ tasks: { version: 'v1' } });
    const missing = (says: string, code = Code.Unknown) => plane.failures.push({ method: 'createRun', code, says });
    const error = async (run: Promise<unknown>): Promise<unknown> => run.catch((reason: unknown) => reason);
    missing('task not found: {p1 development training.train 6}');
    const chosen = await error(train.run({}, { version: '6' }));
    expect(chosen).toMatchObject({
      code: 'not_found',
      message:
        'The task "training.train" has no version "6" in p1/development: deploy it, or ask for a version that is there.',
    });
    expect(chosen).not.toHaveProperty('fault');
    missing('task not found: {p1 development signing.sign v1}');
    expect(await error(sign.run({ text: 'x' }))).toMatchObject({
      code: 'not_found',
      fault: 'operator',
      message: expect.stringContaining('no version "v1" in p1/development, which "tasks.version" names: deploy it'),
    });
    missing('project not found: p2', Code.NotFound);
    await expect(train.run({}, { version: '6', project: 'p2' })).rejects.toThrow('project not found: p2');
    expect(methods()).toEqual(['createRun', 'createRun', 'createRun']);
  });

  it('a run that is not there is named, whatever is asked of it', async () => {
    const { runs } = await start();
    const message = 'There is no run "nosuch" in p1/development.';
    for (const act of [
      () => runs.get('nosuch'),
      () => runs.abort('nosuch'),
      () => runs.wait('nosuch'),
      () => runs.outputs('nosuch'),
      () => runs.inputs('nosuch'),
      () => all(runs.watch('nosuch')),
      () => all(runs.logs('nosuch')),
      () => all(runs.logs('nosuch', { follow: false })),
      () => runs.attach('nosuch').report(),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found', message });
    }
  });

  it('a report that is not there tells nothing of the store', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    const says = 'artifact not found at [s3://bucket/p1/report.html]';
    plane.failures.push({ method: 'createDownloadLink', code: Code.NotFound, says });
    const message = `Run ${run.name} has no report, or none yet.`;
    await expect(run.report()).rejects.toMatchObject({ code: 'not_found', message });
    await expect(run.report()).rejects.toMatchObject({ code: 'not_found', message });
  });

  it('a run that has ended is not aborted, which would rewrite how it did', async () => {
    const { sign, runs } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.succeed(await signed('abc'));
    await run.abort('too late');
    expect(await run.outputs()).toEqual({ signature: 'abc' });
    const other = await sign.run({ text: 'x' });
    for (const reason of ['first', 'second']) await runs.abort(other.name, reason);
    expect(await runs.get(other.name)).toMatchObject({ phase: 'aborted', error: { message: 'first' } });
    await expect(runs.abort('unknown-run')).rejects.toMatchObject({ code: 'not_found' });
    expect(methods().filter((method) => method === 'abortRun')).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('that is given up leaves the run alone', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    await expect(run.outputs({ timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      message: `Run ${run.name} is queued after 2000 ms. It goes on; attach to it to wait again.`,
    });
    await expect(run.outputs({ timeoutMs: Number.NaN })).rejects.toMatchObject({ code: 'misuse' });
    const giveUp = new AbortController();
    const waiting = run.outputs({ signal: giveUp.signal });
    await until(() => plane.open.length === 1);
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'canceled' });
    await until(() => plane.open.length === 0);
    expect(methods()).not.toContain('abortRun');
    const attached = sign.attach(run.name);
    plane.run.succeed(await signed('late'));
    expect(await attached.outputs()).toEqual({ signature: 'late' });
  });

  it('for outputs that are late ends in time, too', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.become({ phase: ActionPhase.SUCCEEDED });
    for (let i = 0; i < 50; i += 1) plane.failures.push({ method: 'getActionData', code: Code.Unavailable });
    await expect(run.outputs({ timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringMatching(/after 2000 ms\./) as string,
    });
  });

  it('survives connections that are dropped, and streams that end too early', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    const waiting = run.outputs();
    for (let drop = 0; drop < 2; drop += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await until(() => plane.open.length === 1);
      plane.dropConnections();
      // oxlint-disable-next-line no-await-in-loop
      await until(() => plane.open.length === 0);
    }
    plane.failures.push({ method: 'watchActionDetails', code: Code.Unavailable });
    await until(() => plane.open.length === 1);
    plane.run.succeed(await signed('after all'));
    expect(await waiting).toEqual({ signature: 'after all' });
    expect(methods().filter((method) => method === 'watchActionDetails').length).toBeGreaterThanOrEqual(4);
  });

  it('ends at once where Flyte says no', async () => {
    const { sign, runs } = await start();
    await expect(sign.attach('unknown-run').outputs()).rejects.toMatchObject({ code: 'not_found' });
    await expect(runs.get('unknown-run')).rejects.toMatchObject({ code: 'not_found' });
    expect(() => sign.attach('Not a name')).toThrow(/no name of a run/);
    expect(() => sign.attach('../../x')).toThrow(/no name of a run/);
  });

  it('watches every change until the run has ended', async () => {
    const { sign, runs } = await start();
    const run = await sign.run({ text: 'x' });
    const phases: string[] = [];
    const watching = (async () => {
      for await (const { phase } of runs.watch(run.name)) phases.push(phase);
    })();
    await until(() => phases.length === 1);
    plane.run.become({ phase: ActionPhase.RUNNING });
    await until(() => phases.length === 2);
    await runs.abort(run.name, 'enough');
    await watching;
    expect(phases).toEqual(['queued', 'running', 'aborted']);
    expect(await runs.get(run.name)).toMatchObject({ error: { message: 'enough' } });
    expect(await all(runs.list())).toMatchObject([{ name: run.name, phase: 'aborted' }]);
  });

  it('ends the stream when the reader leaves, also while nothing comes', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    for await (const _ of run.watch()) break;
    await until(() => plane.open.length === 0);
    const reader = run.watch()[Symbol.asyncIterator]();
    await reader.next();
    const silent = reader.next();
    await until(() => plane.open.length === 1);
    await reader.return?.();
    expect(await silent).toEqual({ done: true, value: undefined });
    await until(() => plane.open.length === 0);
  });
});

describe('logs', () => {
  it('wait for the process and end with the run, through dropped connections', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    const lines: string[] = [];
    const reading = (async () => {
      for await (const { message } of run.logs()) lines.push(message);
    })();
    await until(() => methods().includes('tailLogs'));
    expect(lines).toEqual([]);
    plane.run.become({ phase: ActionPhase.RUNNING });
    plane.run.log('one', 1);
    plane.run.log('two', 2);
    plane.run.log('two', 2);
    await until(() => lines.length === 3);
    plane.dropConnections();
    await until(() => plane.open.length === 0);
    plane.run.log('two', 2);
    plane.run.log('three', 3);
    await until(() => lines.length === 5);
    plane.run.succeed(await signed('x'));
    await reading;
    expect(lines).toEqual(['one', 'two', 'two', 'two', 'three']);
  });

  it('without follow are what there is now', async () => {
    const { sign, runs } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.become({ phase: ActionPhase.RUNNING });
    plane.run.log('one');
    expect((await all(runs.logs(run.name, { follow: false }))).map(({ message }) => message)).toEqual(['one']);
    expect(plane.run.done).toBe(false);
  });

  it('of a run that ended before, and left none, are an error', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.fail('no secret');
    await expect(all(run.logs())).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/has no logs/),
    });
  });

  it('of a run that fails before its process starts end quietly', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    const reading = all(run.logs());
    await until(() => methods().includes('tailLogs'));
    plane.run.fail('no secret');
    expect(await reading).toEqual([]);
  });

  it('end with the signal', async () => {
    const { sign } = await start();
    const run = await sign.run({ text: 'x' });
    plane.run.log('one');
    const leave = new AbortController();
    const reading = all(run.logs({ signal: leave.signal }));
    await until(() => plane.open.length === 1);
    leave.abort();
    await expect(reading).rejects.toMatchObject({ code: 'canceled' });
    await until(() => plane.open.length === 0);
  });
});

describe('the caller', () => {
  const as = (token: string) => ({ authorization: `Bearer ${token}` });

  it('makes each call, and keeps iterables that are read elsewhere', async () => {
    const { sign, runs } = await start({ passthrough: true });
    await expect(sign.run({ text: 'x' })).rejects.toMatchObject({ code: 'misuse' });
    const run = await authMetadata(as('alice'), () => sign.run({ text: 'x' }));
    plane.run.log('one');
    const [watch, logs, list] = authMetadata(as('bob'), () => [run.watch(), run.logs(), runs.list()] as const);
    plane.calls.length = 0;
    const reading = authMetadata(as('carol'), () => Promise.all([all(watch), all(logs), all(list)]));
    await until(() => plane.open.length === 2);
    plane.dropConnections();
    await until(() => methods().filter((method) => method !== 'listRuns').length >= 4);
    plane.run.succeed(await signed('x'));
    await reading;
    expect(new Set(plane.calls.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer bob']));
  });

  it('never finds their own token in what a run said', async () => {
    const { sign } = await start({ passthrough: true });
    const error: unknown = await authMetadata(as('s3cr3t-token'), async () => {
      const run = await sign.run({ text: 'x' });
      plane.run.fail('called with Bearer s3cr3t-token');
      return run.outputs().catch((reason: unknown) => reason);
    });
    expect(String(error)).toContain('***');
    expect(String(error)).not.toContain('s3cr3t-token');
  });
});

describe('inside an action', () => {
  beforeEach(() => {
    vi.stubEnv('ACTION_NAME', 'a0');
    vi.stubEnv('RUN_NAME', 'r1');
  });

  it('children are called by its own code alone, and runs of their own are on purpose', async () => {
    const { sign } = await start();
    await expect(sign.call({ text: 'x' })).rejects.toMatchObject({ code: 'misuse' });
    await expect(sign.run({ text: 'x' })).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/detached: true/),
    });
    await sign.run({ text: 'x' }, { detached: true });
    expect(plane.runs.size).toBe(1);
  });
});

describe('versions', () => {
  it('`current` is this app: its own declaration, or the version it has', async () => {
    const Sign = taskRef('signing.sign', {
      version: 'current',
      inputs: z.object({ text: z.string() }),
      outputs: Signature,
    });
    const Other = taskRef('other.task', { version: 'current' });
    const { flyte } = await start();
    await flyte.task(Sign).run({ text: 'x' });
    await flyte.task(Other).run();
    await flyte.task(SigningTasks, 'sign').run({ text: 'x' }, { version: '5' });
    const tasks = [...plane.runs.values()].map(({ request }) => request.task);
    expect(tasks).toMatchObject([
      { case: 'taskSpec' },
      { case: 'taskId', value: { name: 'other.task', version: 'v1' } },
      { case: 'taskId', value: { name: 'signing.sign', version: '5' } },
    ]);
  });

  it('of an app that only calls tasks are those deployed last', async () => {
    const { sign } = await start({ tasks: undefined });
    plane.deployed.push({ name: 'signing.sign', version: 'v3', spec: undefined });
    await sign.run({ text: 'x' });
    expect(plane.run.request.task).toMatchObject({ case: 'taskId', value: { version: 'v3' } });
  });

  it('of an app that only knows the version it was told are that one', async () => {
    const { sign, tasks } = await start({ tasks: { version: 'v3' } });
    plane.deployed.push({ name: 'signing.sign', version: 'v4', spec: undefined });
    await sign.run({ text: 'x' });
    expect(plane.run.request.task).toMatchObject({ case: 'taskId', value: { name: 'signing.sign', version: 'v3' } });
    await expect(tasks.deploy()).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringContaining('option "tasks.module"'),
    });
  });

  it('are deployed with all their tasks', async () => {
    const { tasks } = await start();
    expect(await tasks.deploy()).toMatchObject([{ name: 'signing.sign', version: 'v1', environment: 'signing' }]);
    expect(await tasks.deploy([SigningTasks], { version: 'v2' })).toMatchObject([{ version: 'v2' }]);
    expect(await tasks.get('signing.sign')).toMatchObject({ version: 'v2', spec: { shortName: 'sign' } });
    expect((await all(tasks.list())).map(({ version }) => version)).toEqual(['v2', 'v1']);
    await expect(tasks.get('signing.typo')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('cannot be deployed without knowing the module', async () => {
    const { tasks } = await start({ tasks: undefined });
    await expect(tasks.deploy()).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/option "tasks.module"/),
    });
  });
});
