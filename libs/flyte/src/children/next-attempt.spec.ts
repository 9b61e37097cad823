import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createRouterTransport, type Transport } from '@connectrpc/connect';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentAction, runInAction, type ActionScope } from '../action/action-scope.js';
import type { ActionEnd, ChildActions } from '../action/child-actions.js';
import { FlyteError } from '../errors/flyte-error.js';
import {
  ActionsService,
  type EnqueueRequest,
  type WatchForUpdatesResponseSchema,
} from '../gen/flyteidl2/actions/actions_service_pb.js';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { InputsSchema, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { toFlyteError } from '../remote/connection/upstream-error.js';
import { mapCalls } from '../remote/runs/map-calls.js';
import { trace } from '../runtime/trace.js';
import { openChildren } from './open-children.js';

const { SUCCEEDED, RUNNING, ABORTED, FAILED } = ActionPhase;

/** What a Flyte knows of a child. */
interface Child {
  readonly name: string;
  /** Which task it runs, or what it asks. */
  readonly what: string;
  phase: ActionPhase;
  reason?: string;
}

/** A Flyte with the children of one action, which it keeps from one attempt to the next. */
class Flyte {
  readonly children: Child[] = [];
  readonly log: string[] = [];
  /** What becomes of a child as soon as it is taken up. */
  ends: (what: string) => ActionPhase = () => SUCCEEDED;
  /** What it does not answer. */
  silent: 'nothing' | 'watches' | 'aborts' = 'nothing';
  /** Takes a child up once this resolves. */
  taken: Promise<unknown> = Promise.resolve();
  readonly #watchers = new Set<(child: Child | Error) => void>();

  constructor(private readonly outputs: string) {}

  /** Has a child come to a phase. @param isTold whether those who watch hear of it */
  set(child: Child, phase: ActionPhase, isTold = true): void {
    child.phase = phase;
    if (isTold) for (const tell of this.#watchers) tell({ ...child });
  }

  /** Breaks the streams that there are. */
  breakStreams(code: Code): void {
    for (const tell of this.#watchers) tell(new ConnectError('one bad moment', code));
  }

  transport(): Transport {
    return throwingFlyteErrors(
      createRouterTransport(({ service }) => {
        service(ActionsService, {
          enqueue: (request) => this.#enqueue(request),
          abort: ({ actionId, reason }) => this.#abort(actionId?.name, reason ?? ''),
          watchForUpdates: (_, { signal }) => this.#watch(signal),
        });
        service(RunService, {
          listActions: () => ({ actions: [] }),
          getActionDetails: ({ actionId }) => {
            const child = this.children.find(({ name }) => name === actionId?.name);
            const reason = child?.reason ?? '';
            return {
              details: {
                status: { phase: child?.phase ?? RUNNING, attempts: 1 },
                ...(reason !== '' && { result: { case: 'abortInfo' as const, value: { reason } } }),
              },
            };
          },
        });
      }),
    );
  }

  async #enqueue({ action }: EnqueueRequest): Promise<object> {
    const { name = '' } = action?.actionId ?? {};
    const { spec } = action ?? {};
    const what =
      spec?.case === 'condition'
        ? spec.value.prompt
        : spec?.case === 'task'
          ? [spec.value.id?.project, spec.value.id?.name, spec.value.id?.version].join(' ')
          : 'step';
    this.log.push(`enqueue ${what}`);
    await this.taken;
    if (this.children.some((child) => child.name === name)) return {};
    await mkdir(join(this.outputs, name), { recursive: true });
    const literals = [{ name: what, value: create(LiteralSchema) }];
    await writeFile(
      join(this.outputs, name, 'outputs.pb'),
      toBinary(OutputsSchema, create(OutputsSchema, { literals })),
    );
    const child = { name, what, phase: RUNNING };
    this.children.push(child);
    this.set(child, spec?.case === 'trace' ? SUCCEEDED : this.ends(what));
    return {};
  }

  async #abort(name: string | undefined, reason: string): Promise<object> {
    this.log.push('abort');
    if (this.silent === 'aborts') return new Promise(() => undefined);
    const child = this.children.find((one) => one.name === name);
    if (child?.phase !== RUNNING) return {};
    child.reason = reason;
    this.set(child, ABORTED);
    return {};
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<MessageInitShape<typeof WatchForUpdatesResponseSchema>> {
    const told: (Child | Error)[] = this.children.map((child) => ({ ...child }));
    let wake = (): void => undefined;
    const tell = (child: Child | Error): void => {
      told.push(child);
      wake();
    };
    this.#watchers.add(tell);
    signal.addEventListener('abort', () => {
      this.#watchers.delete(tell);
      wake();
    });
    if (this.silent !== 'watches') {
      yield* told.splice(0).map((child) => this.#update(child));
      yield { message: { case: 'controlMessage', value: { sentinel: true } } };
    }
    while (!signal.aborted) {
      for (const child of told.splice(0)) yield this.#update(child);
      // oxlint-disable-next-line no-await-in-loop -- the next change
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (told.length > 0 || signal.aborted) resolve();
      });
    }
  }

  #update(child: Child | Error): MessageInitShape<typeof WatchForUpdatesResponseSchema> {
    if (child instanceof Error) throw child;
    const { name, what, phase } = child;
    const primitive = { case: 'primitive' as const, value: { value: { case: 'stringValue' as const, value: what } } };
    const value = create(LiteralSchema, { value: { case: 'scalar', value: { value: primitive } } });
    const outputUri = pathToFileURL(join(this.outputs, name)).href;
    return { message: { case: 'actionUpdate', value: { actionId: { name }, phase, outputUri, value } } };
  }
}

/** As the library's own connection does. */
function throwingFlyteErrors(inner: Transport): Transport {
  const fail = (error: unknown): never => {
    throw toFlyteError(error, 'Flyte', undefined, { isApp: true });
  };
  return {
    unary: (...call) => inner.unary(...call).catch(fail),
    async stream(...call) {
      const answer = await inner.stream(...call);
      const messages = async function* () {
        try {
          yield* answer.message;
        } catch (error) {
          fail(error);
        }
      };
      return { ...answer, message: messages() };
    },
  };
}

function requireAction(): ActionScope {
  const action = currentAction();
  if (action === undefined) throw new Error('not in an action');
  return action;
}

const task = (name: string, version = 'v', project = 'p') => ({
  spec: create(TaskSpecSchema, { taskTemplate: { id: { project, name, version } } }),
  ...{ inputs: create(InputsSchema), group: undefined },
});
const question = (prompt: string) => ({
  ...{ name: 'ok', type: { $typeName: 'flyteidl2.core.LiteralType' as const, type: { case: undefined } } },
  ...{ prompt, description: '', isMarkdown: false, timeoutMs: undefined, group: undefined },
});

describe('an attempt and the next one', () => {
  let folder: string;
  let flyte: Flyte;
  let attempt: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-next-'));
    flyte = new Flyte(join(folder, 'outputs'));
    attempt = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs an attempt. @param end how it ends, whatever becomes of the work */
  async function attempted<T>(
    end: ActionEnd,
    work: (children: ChildActions) => Promise<T>,
    { signal }: AbortController = new AbortController(),
  ): Promise<T> {
    attempt += 1;
    const action: Partial<ActionScope> = {
      ...{ run: 'r', action: 'a0', task: 'e.p', version: 'v', attempt, project: 'p', domain: 'd', org: '' },
      ...{ signal, logger: new Logger(), redact: String, group: undefined },
    };
    const runBase = pathToFileURL(join(folder, 'run')).href;
    const connection = { transport: flyte.transport(), org: '', runBase, close: () => undefined };
    const children = await openChildren(action as ActionScope, connection);
    Object.assign(action, { children: async () => children });
    try {
      return await runInAction(action as ActionScope, async () => work(children));
    } finally {
      await children.close(end);
    }
  }

  const ranBy = async (children: ChildActions, one: ReturnType<typeof task>, version?: string) =>
    (await children.task({ ...one, version })).literals[0]?.name;
  const enqueued = () => flyte.log.filter((line) => line.startsWith('enqueue'));
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('tell tasks of one name apart by project and by the version that is asked for, in whatever order they are called', async () => {
    const all = [
      ['v1', 'p'],
      ['v2', 'p'],
      ['v1', 'q'],
    ] as const;
    const call = (children: ChildActions, [version, project]: (typeof all)[number]) =>
      ranBy(children, task('t', version, project), version);
    const names = ['p t v1', 'p t v2', 'q t v1'];
    expect(await attempted('interrupted', (children) => Promise.all(all.map((one) => call(children, one))))).toEqual(
      names,
    );
    const again = attempted('done', (children) => Promise.all(all.toReversed().map((one) => call(children, one))));
    expect(await again).toEqual(names.toReversed());
    expect(enqueued()).toHaveLength(3);
  });

  it('tell questions apart by what is asked', async () => {
    const ask = (prompts: string[]) => (children: ChildActions) =>
      Promise.all(prompts.map(async (prompt) => children.ask(question(prompt))));
    const [one, other] = await attempted('interrupted', ask(['a?', 'b?']));
    expect(await attempted('done', ask(['b?', 'a?']))).toEqual([other, one]);
  });

  it('tell a call in a step from an equal one outside', async () => {
    const step = (children: ChildActions) =>
      children.step({
        ...{ name: 's', inputs: create(InputsSchema), group: undefined },
        work: () => children.task({ ...task('t'), step: currentAction()?.step }),
      });
    await attempted('interrupted', step);
    await attempted('done', async (children) => {
      await step(children);
      await children.task(task('t'));
    });
    expect(enqueued()).toEqual(['enqueue p t v', 'enqueue step', 'enqueue p t v']);
  });

  it('find a step whose input has its keys in another order', async () => {
    const step = (input: unknown) => () => trace(requireAction(), 's', input, () => flyte.log.push('taken'));
    await attempted('interrupted', step({ a: 1, b: [{ c: 1, d: 2 }] }));
    await attempted('done', step({ b: [{ d: 2, c: 1 }], a: 1 }));
    expect(flyte.log.filter((line) => line === 'taken')).toHaveLength(1);
  });

  it('find what succeeded though the attempt that failed had not heard of it', async () => {
    flyte.ends = () => RUNNING;
    await attempted('retried', async (children) => {
      void failure(children.task(task('t')));
      await expect.poll(() => flyte.children).toHaveLength(1);
      for (const child of flyte.children) flyte.set(child, SUCCEEDED, false);
    });
    await attempted('done', (children) => children.task(task('t')));
    expect(enqueued()).toHaveLength(1);
  });

  it.each([Code.Unknown, Code.ResourceExhausted, Code.Unavailable])(
    'cost no child its work where the stream fails once with code %s',
    async (code) => {
      flyte.ends = () => RUNNING;
      await attempted('done', async (children) => {
        const call = children.task(task('t'));
        await expect.poll(() => flyte.children).toHaveLength(1);
        flyte.breakStreams(code);
        for (const child of flyte.children) flyte.set(child, SUCCEEDED);
        await call;
      });
      expect(flyte.log).toEqual(['enqueue p t v']);
    },
  );

  it('leave no child behind where the stream fails for good', async () => {
    flyte.ends = () => RUNNING;
    await attempted('retried', async (children) => {
      const call = failure(children.task(task('t')));
      await expect.poll(() => flyte.children).toHaveLength(1);
      flyte.breakStreams(Code.PermissionDenied);
      expect(await call).toMatchObject({ code: 'permission_denied' });
    });
    expect(flyte.children.map(({ phase }) => phase)).toEqual([ABORTED]);
  });

  it.each(['watches', 'aborts'] as const)('give up in time where Flyte answers no %s', async (silent) => {
    flyte.silent = silent;
    flyte.ends = () => RUNNING;
    const enough = new Error('enough');
    const mine = new AbortController();
    const child = attempted('interrupted', async (children) => {
      const call = failure(children.task({ ...task('t'), signal: mine.signal }));
      if (silent === 'aborts') await expect.poll(() => flyte.children).toHaveLength(1);
      mine.abort(enough);
      expect(await call).toBe(enough);
      flyte.silent = 'nothing';
    });
    await child;
  });

  it('end with the action where Flyte does not answer', async () => {
    flyte.silent = 'watches';
    const control = new AbortController();
    const over = new Error('time is up');
    await attempted(
      'interrupted',
      async (children) => {
        const call = failure(children.task(task('t')));
        control.abort(over);
        expect(await call).toBe(over);
      },
      control,
    );
  });

  it('end what was given up while it was sent', async () => {
    flyte.ends = () => RUNNING;
    let take = (): void => undefined;
    flyte.taken = new Promise<void>((resolve) => (take = resolve));
    const mine = new AbortController();
    const enough = new FlyteError('canceled', 'enough');
    await attempted('done', async (children) => {
      const call = failure(children.task({ ...task('t'), signal: mine.signal }));
      await expect.poll(enqueued).toHaveLength(1);
      mine.abort(enough);
      expect(await call).toBe(enough);
      take();
      await expect.poll(() => flyte.children).toHaveLength(1);
    });
    expect(flyte.children.map(({ phase }) => phase)).toEqual([ABORTED]);
  });

  it('fail a map by the same child', async () => {
    flyte.ends = (what) => (what.includes('bad') ? FAILED : RUNNING);
    const map = (children: ChildActions) =>
      failure(
        mapCalls(['a', 'bad', 'c'], async (name, { signal }) => children.task({ ...task(name), signal }), {
          concurrency: 2,
        }),
      );
    const first = await attempted('interrupted', map);
    expect(first).toMatchObject({ code: 'task_failed', run: { task: 'bad' } });
    expect(await attempted('done', map)).toMatchObject({ code: 'task_failed', run: { task: 'bad' } });
  });

  it('give a call up for the same reason', async () => {
    flyte.ends = () => RUNNING;
    const call = (children: ChildActions) => failure(children.task({ ...task('t'), signal: AbortSignal.timeout(300) }));
    expect(await attempted('interrupted', call)).toMatchObject({ name: 'TimeoutError' });
    expect(await attempted('done', call)).toMatchObject({ code: 'deadline_exceeded', run: { task: 't' } });
    expect(enqueued()).toHaveLength(1);
  });
});
