import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { EnrichedIdentitySchema } from 'nestjs-flyte/idl/common/identity';
import { ActionIdentifierSchema } from 'nestjs-flyte/idl/common/identifier';
import { CatalogCacheStatus } from 'nestjs-flyte/idl/core/catalog';
import { LiteralSchema } from 'nestjs-flyte/idl/core/literals';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { TaskIdentifierSchema, TaskSpecSchema } from 'nestjs-flyte/idl/task/task_definition';
import { ConditionActionSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { expect, it, onTestFinished } from 'vitest';
import { ActionFeed } from '../runs/action-feed.js';
import type { ActionKey } from '../runs/action-id.js';
import { ActionStore } from '../runs/action-store.js';
import { newCondition, newTask } from '../runs/new-action.js';
import { LocalDatabase } from '../state/local-database.js';
import { MEMORY_STATE } from '../state/state-folder.js';
import { Executor } from './executor.js';

const run = { org: '', project: 'p', domain: 'd', name: 'r' };
const keyOf = (name: string): ActionKey => ({ project: 'p', domain: 'd', run: 'r', name });
const made = (name: string, parent: string) => ({
  ...{ id: create(ActionIdentifierSchema, { run, name }), executedBy: undefined, source: 0, parent },
});

/** One run on an executor, and as its processes, functions that do what the action of a name does. */
class OneRun {
  readonly #database = new LocalDatabase(MEMORY_STATE);
  readonly #store = new ActionStore(this.#database, new ActionFeed());
  readonly #executor: Executor;
  readonly #ends = new Map<string, () => void>();
  readonly #questions: ActionKey[] = [];
  #now = 0;
  /** How many processes there were at a time. */
  most = 0;

  constructor(limit: number, work: (name: string) => Promise<unknown>) {
    const runner: ConstructorParameters<typeof Executor>[1] = {
      run: async ({ key: { name } }, { onRunning }) => {
        this.most = Math.max(this.most, (this.#now += 1));
        await onRunning();
        await work(name);
        this.#now -= 1;
        this.#ends.get(name)?.();
        return { kind: 'succeeded', outputUri: '', cacheStatus: CatalogCacheStatus.CACHE_DISABLED };
      },
    };
    this.#executor = new Executor(this.#store, runner, limit, () => undefined);
    onTestFinished(async () => {
      await this.#executor.close();
      this.#database.close();
    });
  }

  /** Has an action call another, and waits for the end of that. */
  call(name: string, parent = ''): Promise<void> {
    const taskId = create(TaskIdentifierSchema, { project: 'p', domain: 'd', name: 't', version: 'v' });
    const details = newTask({ ...made(name, parent), taskId, spec: create(TaskSpecSchema, { taskTemplate: {} }) });
    const end = new Promise<void>((resolve) => this.#ends.set(name, resolve));
    this.#store.create(details, create(RunSpecSchema));
    this.#executor.submit(keyOf(name), details);
    return end;
  }

  /** Has an action wait for an answer. */
  ask(parent: string): Promise<void> {
    const name = `question-of-${parent}`;
    const details = newCondition(made(name, parent), create(ConditionActionSchema, { name: 'ok' }));
    const answered = new Promise<void>((resolve) => this.#ends.set(name, resolve));
    this.#store.create(details, create(RunSpecSchema));
    this.#executor.open(keyOf(name), details);
    this.#questions.push(keyOf(name));
    return answered;
  }

  /** Answers the question that was asked first. */
  answer(): void {
    const key = this.#questions.shift();
    if (key === undefined) throw new Error('nobody has asked anything');
    this.#executor.answer(key, create(LiteralSchema), create(EnrichedIdentitySchema));
    this.#ends.get(key.name)?.();
  }
}

const LIMIT = 1;
const MOST = LIMIT * 16;

it('of a hundred children that wait for answers, only so many have a process at a time', async () => {
  const children = Array.from({ length: 100 }, (_, at) => `child-${at}`);
  const one: OneRun = new OneRun(LIMIT, (name) =>
    name === 'a0' ? Promise.all(children.map((child) => one.call(child, name))) : one.ask(name),
  );
  const done = one.call('a0');
  for (const _ of children) {
    // oxlint-disable-next-line no-await-in-loop -- until nothing more can begin without an answer
    await setImmediate();
    one.answer();
  }
  await done;
  expect(one.most).toBe(MOST);
});

it('what an action can not go on without has a process, however many wait already', async () => {
  const DEPTH = MOST * 2;
  // Beside the chain, two calls that nobody has to wait for.
  const one: OneRun = new OneRun(LIMIT, async (name) => {
    const depth = Number(name.slice(1));
    if (!name.startsWith('a') || depth === DEPTH) return;
    const calls = [`a${depth + 1}`, `x${depth}`, `y${depth}`].map((called) => one.call(called, name));
    await Promise.all(calls);
  });
  await one.call('a0');
  expect(one.most).toBeGreaterThan(DEPTH);
});
