import type { Type, ValueProvider } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import type { RunOptions } from '../remote/runs/run-options.js';
import type { Run } from '../remote/runs/run.js';
import { RunInfo, type RunPhase } from '../remote/runs/run-info.js';
import { mapCalls, settleCalls } from '../remote/runs/map-calls.js';
import type { TaskHandle } from '../remote/runs/task-handle.js';
import { newRunName } from '../remote/runs/run-name.js';
import { codecOfRef, definedTask, type AnyTaskCodec } from '../tasks/task-definition.js';
import { taskMetadata } from '../tasks/task-metadata.js';
import { isTaskRef, refToken, type TaskRef } from '../tasks/task-ref.js';
import type { Schema } from '../tasks/schema.js';
import type { CallIn, CallOut, Given, Parsed } from '../tasks/typing.js';
import { receivedInputs, receivedOutputs, taskFailed } from './local-run.js';

/** One run of a task that {@link fakeTask} stands in for. */
export interface FakeTaskCall<I> {
  /** What the caller gave, before the schema parsed it. */
  readonly inputs: I;
  readonly options: RunOptions;
  /** The name of the run. */
  readonly run: string;
}

/** A provider for a test's `providers`, and the calls made of it. */
export interface FakeTask<I = unknown> extends ValueProvider {
  /** Every run so far, the first one first; those whose inputs were refused are not among them. */
  readonly calls: readonly FakeTaskCall<I>[];
}

type Implementation<I, O> = (inputs: I) => O | Promise<O>;
type RefImplementation<R> =
  R extends TaskRef<infer I extends Schema, infer O extends Schema> ? Implementation<Parsed<I>, Given<O>> : never;

/**
 * Stands in for a task where `@InjectTask` wants its handle: inputs and outputs pass through the task's own schemas and
 * Flyte's literals, and a function takes the place of the process.
 *
 * ```ts
 * const sign = fakeTask(SigningTasks, 'sign', async ({ text }) => ({ signature: text }));
 * ```
 *
 * @returns a provider, which also keeps the calls
 */
export function fakeTask<C extends object, K extends keyof C & string>(
  type: Type<C>,
  method: K,
  implementation: Implementation<CallIn<C[K]>, CallOut<C[K]>>,
): FakeTask<CallIn<C[K]>>;
/** The same for a contract. */
export function fakeTask<R extends TaskRef>(ref: R, implementation: RefImplementation<R>): FakeTask<CallIn<R>>;
export function fakeTask(
  task: Type<object> | TaskRef,
  second: string | Implementation<never, unknown>,
  third?: Implementation<never, unknown>,
): FakeTask {
  const implementation = typeof second === 'function' ? second : third;
  if (typeof implementation !== 'function') throw new FlyteError('misuse', 'fakeTask needs a function.');
  const calls: FakeTaskCall<unknown>[] = [];
  const method = typeof second === 'string' ? second : '';
  const { name, codec, token } = isTaskRef(task)
    ? { name: task.name, codec: codecOfRef(task), token: refToken(task) }
    : { ...definedTask(task, method), token: taskMetadata.token(task, method) };
  const handle = fakeHandle(name, codec, implementation as Implementation<unknown, unknown>, calls);
  return { provide: token, useValue: handle, calls };
}

function fakeHandle(
  name: string,
  codec: AnyTaskCodec,
  implementation: Implementation<unknown, unknown>,
  calls: FakeTaskCall<unknown>[],
): TaskHandle<unknown, unknown, unknown> {
  const runs = new Map<string, Run>();
  const byKey = new Map<string, Run>();
  const run = async (inputs?: unknown, options: RunOptions = {}): Promise<Run> => {
    const received = await receivedInputs(codec, inputs);
    const { idempotencyKey } = options;
    const same = idempotencyKey === undefined ? undefined : byKey.get(idempotencyKey);
    if (same) return same;
    const started = fakeRun(name, newRunName(), inputs, async () =>
      receivedOutputs(codec, await implementation(received)),
    );
    calls.push({ inputs, options, run: started.name });
    runs.set(started.name, started);
    if (idempotencyKey !== undefined) byKey.set(idempotencyKey, started);
    return started;
  };
  const call = async (inputs?: unknown, options?: RunOptions): Promise<unknown> =>
    (await run(inputs, options)).outputs();
  return {
    name,
    run,
    call,
    map: async (inputs, options) => mapCalls(inputs, call, options),
    mapSettled: async (inputs, options) => settleCalls(inputs, call, options),
    attach(runName) {
      const known = runs.get(runName);
      if (known) return known;
      throw new FlyteError('not_found', `There is no run ${JSON.stringify(runName)} of ${name} in this test.`);
    },
  };
}

function fakeRun(task: string, name: string, given: unknown, work: () => Promise<unknown>): Run {
  const outputs = work().catch((cause: unknown) => {
    throw taskFailed(task, name, cause);
  });
  let phase: RunPhase = 'running';
  const ended = outputs.then(
    () => (phase = 'succeeded'),
    () => (phase = 'failed'),
  );
  const info = (): RunInfo =>
    Object.assign(new RunInfo(), {
      name,
      task,
      phase,
      done: phase !== 'running',
      attempts: 1,
      project: 'test',
      domain: 'test',
    });
  const wait = async (): Promise<RunInfo> => {
    await ended;
    return info();
  };
  return {
    ...{ name, project: 'test', domain: 'test', wait },
    get: async () => info(),
    outputs: () => outputs,
    inputs: async () => ({ ...(typeof given === 'object' ? given : { o0: given }) }),
    async *watch() {
      if (phase === 'running') yield info();
      yield await wait();
    },
    async *logs() {
      await ended;
      yield* [];
    },
    async report() {
      throw new FlyteError('not_found', `Run ${name} of ${task} has no report: fakeTask writes none.`);
    },
    async signal() {
      throw new FlyteError('unimplemented', 'fakeTask has no conditions: its function is no action.');
    },
    async abort() {
      throw new FlyteError('unimplemented', 'fakeTask cannot abort: its function runs in the test itself.');
    },
  };
}
