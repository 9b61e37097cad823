import { readFileSync } from 'node:fs';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { Test, type TestingModule } from '@nestjs/testing';
import { FlyteClient, FlyteModule, Task, TaskEnvironment, Tasks, type RunOptions, type TaskHandle } from 'nestjs-flyte';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { FakeFlyte } from './fake-flyte.js';

const file = new URL('../../libs/flyte/test-data/python-pods.json', import.meta.url);
const { runs: vectors } = z
  .object({ runs: z.record(z.string(), z.base64()) })
  .parse(JSON.parse(readFileSync(file, 'utf8')));

const Text = z.object({ text: z.string().default('') });

@Tasks(new TaskEnvironment({ name: 'jobs' }))
class Jobs {
  @Task({ inputs: Text }) plain({ text }: z.output<typeof Text>) {
    void text;
  }
  @Task({ inputs: Text }) other({ text }: z.output<typeof Text>) {
    void text;
  }
}
@Tasks(new TaskEnvironment({ name: 'queued', queue: 'cpu', serviceAccount: 'reader' }))
class Queued {
  @Task() slow() {
    void 0;
  }
  @Task({ queue: 'gpu' }) fast() {
    void 0;
  }
}

let plane: FakeFlyte;
let module: TestingModule;
let client: FlyteClient;
beforeEach(async () => {
  plane = await FakeFlyte.start();
  const tasks = { module: './dist/src/tasks.module.js#TasksModule', version: 'v1' };
  const options = { endpoint: plane.url, project: 'p1', domain: 'development', tasks };
  module = await Test.createTestingModule({ imports: [FlyteModule.forRoot(options)] }).compile();
  client = module.get(FlyteClient);
});
afterEach(async () => {
  await module.close();
  await plane.close();
});

const requestOf = (name: string) => plane.runs.get(name)?.request ?? expect.fail();
const json = (spec: ReturnType<typeof requestOf>['runSpec']) => toJson(RunSpecSchema, spec ?? expect.fail());
/** The service account of the task that a run was made with. */
const accountOf = (name: string) => {
  const { task } = requestOf(name);
  return task.case === 'taskSpec' ? task.value.taskTemplate?.securityContext?.runAs?.k8sServiceAccount : 'no task';
};

describe('a run', () => {
  it.each<[row: string, options: RunOptions]>([
    ['plain', {}],
    [
      'everything',
      {
        ...{ labels: { team: 'ml' }, annotations: { 'example.com/note': 'x' }, envVars: { MODE: 'fast' } },
        ...{ overwriteCache: true, serviceAccount: 'runner', queue: 'gpu' },
      },
    ],
  ])('says what the official SDK says: %s', async (row, options) => {
    const { name } = await client.task(Jobs, 'plain').run({ text: '' }, options);
    const theirs = fromBinary(RunSpecSchema, Buffer.from(vectors[row] ?? '', 'base64'));
    expect(json(requestOf(name).runSpec)).toEqual(json(theirs));
  });

  it('goes to the queue of its task, of its environment, or its own', async () => {
    const queueOf = async (task: TaskHandle<Queued['slow']>, options?: RunOptions): Promise<unknown> => {
      const { name } = await task.run(undefined, options);
      return requestOf(name).runSpec?.cluster;
    };
    const [slow, fast] = [client.task(Queued, 'slow'), client.task(Queued, 'fast')];
    expect([await queueOf(slow), await queueOf(fast), await queueOf(fast, { queue: 'q' })]).toEqual([
      'cpu',
      'gpu',
      'q',
    ]);
  });

  it('of a task of this app has its service account in the task, too, where the backend reads it', async () => {
    const slow = client.task(Queued, 'slow');
    expect(accountOf((await slow.run()).name)).toBe('reader');
    expect(accountOf((await slow.run(undefined, { serviceAccount: 'runner' })).name)).toBe('runner');
  });
});

describe('the name of a run', () => {
  it('is the one that is given, and one run, of one task and its inputs', async () => {
    const [plain, other] = [client.task(Jobs, 'plain'), client.task(Jobs, 'other')];
    const first = await plain.run({ text: 'x' }, { name: 'nightly-1' });
    const again = await plain.run({ text: 'x' }, { name: 'nightly-1' });
    expect([first.name, again.name, plane.runs.size]).toEqual(['nightly-1', 'nightly-1', 1]);
    const taken = {
      code: 'already_exists',
      message: expect.stringMatching(/run nightly-1 already, of another task or with/),
    };
    await expect(plain.run({ text: 'y' }, { name: 'nightly-1' })).rejects.toMatchObject(taken);
    await expect(other.run({ text: 'x' }, { name: 'nightly-1' })).rejects.toMatchObject(taken);
    expect(requestOf('nightly-1').inputWrapper).toMatchObject({ value: { literals: [{ name: 'text' }] } });
  });
});

describe('options of a run that are wrong', () => {
  it.each<[RunOptions, RegExp]>([
    [{ name: 'Nightly' }, /"name" takes at most 30 lower-case letters/],
    [{ name: 'nightly', idempotencyKey: 'k' }, /"name" and "idempotencyKey" both name the run/],
    [{ annotations: { 'a b': 'x' } }, /"annotations" has "a b", which is no key of an annotation/],
    [{ annotations: { 'nestjs-flyte/inputs-digest': 'x' } }, /which this library sets itself/],
    [{ serviceAccount: 'A_B' }, /"serviceAccount" takes a name of Kubernetes/],
    [{ queue: 'a b' }, /"queue" takes a name without blanks/],
    [{ overwriteCache: 'yes' as never }, /"overwriteCache" takes true or false/],
  ])('%j', async (options, message) => {
    await expect(client.task(Jobs, 'plain').run({ text: '' }, options)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
    expect(plane.runs.size).toBe(0);
  });
});
