import type { Type, ValueProvider } from '@nestjs/common';
import { currentAction } from '../action/action-scope.js';
import { orEnded } from '../children/or-ended.js';
import { FlyteError } from '../errors/flyte-error.js';
import { merge } from '../remote/connection/call-parts.js';
import { checkChildOptions } from '../remote/runs/child-call.js';
import { checkRunOptions, type RunOptions } from '../remote/runs/run-options.js';
import type { Run, WaitOptions } from '../remote/runs/run.js';
import { runOfChild } from '../remote/runs/run-creation.js';
import { timeoutSignal } from '../remote/runs/run-handle.js';
import { RunInfo, type RunPhase } from '../remote/runs/run-info.js';
import { mapCalls, settleCalls } from '../remote/runs/map-calls.js';
import type { CallTaskOptions, TaskHandle } from '../remote/runs/task-handle.js';
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
 * Flyte's literals, and a function takes the place of the process. Options are held to what the handle holds them to; in a task that
 * `runTask` runs, calls are those of children. A function that nobody waits for any more goes on.
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
  const begin = async (inputs: unknown, options: RunOptions): Promise<Run> => {
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
  const isChild = ({ detached }: RunOptions): boolean => currentAction() !== undefined && detached !== true;
  const run = async (inputs?: unknown, options: RunOptions = {}): Promise<Run> => {
    checkRunOptions(options);
    if (isChild(options)) throw runOfChild(name);
    if (options.signal?.aborted) throw nobodyWaits(options.signal);
    return begin(inputs, options);
  };
  const callAsChild = async (inputs: unknown, options: CallTaskOptions): Promise<unknown> => {
    checkChildOptions(name, options);
    const { signal, timeoutMs } = options;
    const timeout = timeoutMs === undefined ? undefined : timeoutSignal(timeoutMs);
    signal?.throwIfAborted();
    const started = await begin(inputs, options);
    try {
      return await orEnded(started.outputs(), merge(signal, timeout));
    } catch (error) {
      if (timeout?.aborted !== true || error !== timeout.reason) throw error;
      const what = `The child that runs ${name}`;
      throw new FlyteError('deadline_exceeded', `${what} did not end within ${timeoutMs} ms, and is aborted.`);
    }
  };
  const call = async (inputs?: unknown, options: CallTaskOptions = {}): Promise<unknown> => {
    if (isChild(options)) return callAsChild(inputs, options);
    const { signal, timeoutMs } = options;
    return (await run(inputs, options)).outputs({ signal, timeoutMs });
  };
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
  const inTime = async <T>(work: Promise<T>, { signal, timeoutMs }: WaitOptions = {}): Promise<T> => {
    const timeout = timeoutMs === undefined ? undefined : timeoutSignal(timeoutMs);
    try {
      return await orEnded(work, merge(signal, timeout));
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw nobodyWaits(signal);
      if (timeout?.aborted !== true || error !== timeout.reason) throw error;
      const late = `Run ${name} is ${phase} after ${timeoutMs} ms. It goes on; attach to it to wait again.`;
      throw new FlyteError('deadline_exceeded', late);
    }
  };
  const wait = async (options?: WaitOptions): Promise<RunInfo> => {
    await inTime(ended, options);
    return info();
  };
  return {
    ...{ name, project: 'test', domain: 'test', wait },
    get: async () => info(),
    outputs: async (options) => inTime(outputs, options),
    inputs: async () => ({ ...(typeof given === 'object' ? given : { o0: given }) }),
    async *watch(options) {
      if (phase === 'running') yield info();
      yield await wait(options);
    },
    async *logs({ signal } = {}) {
      await wait({ signal });
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

function nobodyWaits({ reason }: AbortSignal): FlyteError {
  return new FlyteError('canceled', 'Nobody waits any more.', { cause: reason });
}
