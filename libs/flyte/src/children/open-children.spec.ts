import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { createRouterTransport } from '@connectrpc/connect';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionScope } from '../action/action-scope.js';
import { ActionsService } from '../gen/flyteidl2/actions/actions_service_pb.js';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { InputsSchema, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { openChildren } from './open-children.js';

const { SUCCEEDED, RUNNING, ABORTED } = ActionPhase;

/** A Flyte that knows one run, and does with its children what a test says. */
class SmallFlyte {
  readonly enqueued: string[] = [];
  readonly aborted: string[] = [];
  /** Children that the run's list has, and the snapshot has not. */
  earlier: { name: string; phase: ActionPhase; answer?: boolean }[] = [];
  parentPhase: ActionPhase = RUNNING;
  #tell: (name: string) => void = () => undefined;

  /** @param ends whether children end at once */
  constructor(private readonly ends = true) {}

  transport(folder: string) {
    return createRouterTransport(({ service }) => {
      service(ActionsService, {
        enqueue: ({ action }) => {
          const name = action?.actionId?.name ?? '';
          this.enqueued.push(name);
          if (this.ends) this.#tell(name);
          return {};
        },
        abort: ({ actionId }) => {
          this.aborted.push(actionId?.name ?? '');
          return {};
        },
        watchForUpdates: async function* (this: SmallFlyte, _: unknown, { signal }: { signal: AbortSignal }) {
          const ended: string[] = [];
          let wake = (): void => undefined;
          this.#tell = (name) => {
            ended.push(name);
            wake();
          };
          yield { message: { case: 'controlMessage' as const, value: { sentinel: true } } };
          while (!signal.aborted) {
            for (const name of ended.splice(0)) {
              const outputUri = pathToFileURL(join(folder, 'outputs')).href;
              yield {
                message: { case: 'actionUpdate' as const, value: { actionId: { name }, phase: SUCCEEDED, outputUri } },
              };
            }
            await new Promise<void>((resolve) => {
              wake = resolve;
              signal.addEventListener('abort', () => resolve());
            });
          }
        }.bind(this),
      });
      service(RunService, {
        listActions: () => ({
          actions: this.earlier.map(({ name, phase }) => ({
            id: { name },
            metadata: { parent: 'a0' },
            status: { phase },
          })),
        }),
        getActionDetails: ({ actionId }) => {
          const found = this.earlier.find(({ name }) => name === actionId?.name);
          if (found?.answer === undefined) return { details: { status: { phase: this.parentPhase } } };
          const output = booleanOf(found.answer);
          return { details: { result: { case: 'signalInfo', value: { output } } } };
        },
      });
    });
  }
}

function booleanOf(value: boolean) {
  const primitive = { case: 'primitive' as const, value: { value: { case: 'boolean' as const, value } } };
  return create(LiteralSchema, { value: { case: 'scalar', value: { value: primitive } } });
}

const spec = create(TaskSpecSchema, { taskTemplate: { id: { name: 'e.t' } } });
const inputs = create(InputsSchema);
const question = {
  ...{ name: 'ok', prompt: '?', description: '', isMarkdown: false, timeoutMs: undefined, group: undefined },
  type: {
    $typeName: 'flyteidl2.core.LiteralType' as const,
    type: { case: 'simple' as const, value: SimpleType.BOOLEAN },
  },
};

describe('the children of an action', () => {
  let folder: string;
  let control: AbortController;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-open-'));
    control = new AbortController();
    mkdirSync(join(folder, 'outputs'));
    writeFileSync(join(folder, 'outputs/outputs.pb'), toBinary(OutputsSchema, create(OutputsSchema)));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (flyte: SmallFlyte) => {
    const action = {
      ...{ run: 'r', action: 'a0', task: 'e.p', version: 'v', attempt: 1, project: 'p', domain: 'd', org: '' },
      ...{ signal: control.signal, logger: new Logger(), redact: String },
    } as unknown as ActionScope;
    const runBase = pathToFileURL(join(folder, 'run')).href;
    return openChildren(action, { transport: flyte.transport(folder), org: '', runBase, close: () => undefined });
  };
  const begun = async (flyte: SmallFlyte, count: number): Promise<void> => {
    await expect.poll(() => flyte.enqueued.length).toBe(count);
  };

  it('are one where two calls at once have one key', async () => {
    const flyte = new SmallFlyte();
    const children = await open(flyte);
    const call = () => children.task({ spec, inputs, group: undefined, key: 'k' });
    expect(await Promise.all([call(), call()])).toHaveLength(2);
    expect(flyte.enqueued).toHaveLength(1);
    await children.close('done');
  });

  it('go on where the attempt is interrupted, also where a call was given the action’s own signal', async () => {
    const flyte = new SmallFlyte(false);
    const children = await open(flyte);
    const calls = [undefined, control.signal].map((signal) =>
      children.task({ spec, inputs, group: undefined, signal }),
    );
    await begun(flyte, 2);
    control.abort(new Error('the node is drained'));
    for (const call of calls) await expect(call).rejects.toThrow('the node is drained');
    await children.close('interrupted');
    expect(flyte.aborted).toEqual([]);
  });

  it('are aborted with the run, and where the action fails or ends without them', async () => {
    for (const [end, phase] of [
      ['interrupted', ABORTED],
      ['retried', RUNNING],
      ['done', RUNNING],
    ] as const) {
      const flyte = new SmallFlyte(false);
      flyte.parentPhase = phase;
      const children = await open(flyte);
      const call = children.task({ spec, inputs, group: undefined });
      call.catch(() => undefined);
      await begun(flyte, 1);
      await children.close(end);
      await expect(call).rejects.toMatchObject({ code: 'canceled' });
      expect(flyte.aborted).toEqual(flyte.enqueued);
    }
  });

  it('are aborted alone where one call is given up', async () => {
    const flyte = new SmallFlyte(false);
    const children = await open(flyte);
    const mine = new AbortController();
    const call = children.task({ spec, inputs, group: undefined, signal: mine.signal });
    const other = children.task({ spec, inputs, group: undefined });
    other.catch(() => undefined);
    await begun(flyte, 2);
    mine.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect.poll(() => flyte.aborted).toHaveLength(1);
    await children.close('done');
  });

  it('have their answers also where Flyte has forgotten them among the children', async () => {
    const first = new SmallFlyte();
    const asked = await open(first);
    const never = asked.ask(question);
    never.catch(() => undefined);
    await begun(first, 1);
    await asked.close('interrupted');
    const flyte = new SmallFlyte(false);
    flyte.earlier = [{ name: first.enqueued[0] ?? '', phase: SUCCEEDED, answer: true }];
    const children = await open(flyte);
    expect(await children.ask(question)).toMatchObject(booleanOf(true));
    expect(flyte.enqueued).toEqual([]);
    await children.close('done');
  });
});
