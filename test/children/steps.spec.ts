import { text } from 'node:stream/consumers';
import type { Run } from 'nestjs-flyte';
import { createClient } from '@connectrpc/connect';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANAGER_OK, PRICE, StepTasks } from './app/steps.tasks.js';
import { Diary, startStage, type Stage } from './support.js';

let stage: Stage;
beforeAll(async () => (stage = await startStage()));
afterAll(() => stage[Symbol.asyncDispose]());

const diary = new Diary(() => stage);

/** The actions of a run, its root left out. */
async function actionsOf({
  name,
}: Run): Promise<{ group: string; what: string; phase: ActionPhase; parent: string }[]> {
  const client = createClient(RunService, stage.client.transport);
  const runId = { project: 'flytesnacks', domain: 'development', name };
  const { actions } = await client.listActions({ runId, request: { limit: 100 } });
  return actions
    .filter(({ id }) => id?.name !== 'a0')
    .map(({ metadata, status }) => ({
      ...{ group: metadata?.group ?? '', parent: metadata?.parent ?? '', phase: status?.phase ?? 0 },
      what: metadata?.spec.case === 'task' ? '' : (metadata?.spec.value?.name ?? ''),
    }));
}

/** Waits until an action of a run waits. */
async function paused(run: Run): Promise<void> {
  await expect.poll(async () => (await actionsOf(run)).map(({ phase }) => phase)).toContain(ActionPhase.PAUSED);
}

describe('a step', () => {
  it('is taken once, whatever becomes of the attempt, and gives the same each time', async () => {
    await stage.asAlice(async () => {
      const run = await stage.client.task(StepTasks, 'note').run({ deaths: 2 }, diary.begin());
      expect(await run.outputs()).toEqual({ said: ['{"at":7,"list":[1,null]}', 'undefined'] });
      expect((await run.get()).attempts).toBe(3);
      expect(diary.lines()).toEqual(['one', 'two']);
      expect(await actionsOf(run)).toEqual(
        [0, 1].map(() => ({ group: '', what: 'one', phase: ActionPhase.SUCCEEDED, parent: 'a0' })),
      );
    });
  });

  it.each([
    [true, 'Never: never', ['tried']],
    [false, 'now', ['tried', 'tried']],
  ])('that fails is not taken again where that would not change it (%s)', async (forGood, said, tries) => {
    await stage.asAlice(async () => {
      const outputs = await stage.client.task(StepTasks, 'failing').call({ forGood }, diary.begin());
      expect(outputs).toEqual({ text: said });
      expect(diary.lines()).toEqual(tries);
    });
  });
});

describe('a condition', () => {
  it('is answered as the caller, and an attempt that starts anew finds the answer', async () => {
    await stage.asAlice(async () => {
      const run = await stage.client.task(StepTasks, 'ask').run({ timeout: false });
      await paused(run);
      await expect(run.signal(MANAGER_OK, 'yes' as never)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: `The answer to the condition ${MANAGER_OK.name} does not fit its schema: Invalid input: expected boolean, received string`,
      });
      await expect(run.signal(PRICE, 12)).rejects.toMatchObject({ code: 'failed_precondition' });
      await run.signal(MANAGER_OK, true);
      await expect(run.signal(MANAGER_OK, false)).rejects.toMatchObject({ code: 'failed_precondition' });
      expect(await run.outputs()).toEqual({ text: 'true in attempt 2' });
    });
  });

  it('that nobody answers in time is a FlyteError', async () => {
    await stage.asAlice(async () => {
      expect(await stage.client.task(StepTasks, 'ask').call({ timeout: true })).toEqual({ text: 'deadline_exceeded' });
    });
  });

  it('is checked by its schema on both sides', async () => {
    await stage.asAlice(async () => {
      const run = await stage.client.task(StepTasks, 'price').run();
      await paused(run);
      await expect(run.signal(PRICE, 3)).rejects.toMatchObject({ code: 'invalid_argument' });
      // As another client would, which does not know the schema.
      const client = createClient(RunService, stage.client.transport);
      const runId = { project: 'flytesnacks', domain: 'development', name: run.name };
      const { actions } = await client.listActions({ runId });
      const name = actions.find(({ metadata }) => metadata?.parent === 'a0')?.id?.name ?? '';
      const answer = (value: never) => client.signalEvent({ actionId: { run: runId, name }, payload: { value } });
      await expect(answer({ case: 'boolValue', value: true } as never)).rejects.toMatchObject({
        code: 'invalid_argument',
      });
      await answer({ case: 'floatValue', value: 3 } as never);
      await expect(run.outputs()).rejects.toThrow(/condition price does not fit its schema: Too small: expected/);
    });
  });
});

it('a retried attempt goes on from the last checkpoint, also where the attempt before left none', async () => {
  await stage.asAlice(async () => {
    expect(await stage.client.task(StepTasks, 'goOn').call()).toEqual({ text: '10 2' });
  });
});

it('a report shows text as text, in tabs, and all that was added; groups and progress are told', async () => {
  await stage.asAlice(async () => {
    const run = await stage.client.task(StepTasks, 'tell').run();
    await run.wait();
    const report = await text(await run.report());
    expect(report).toContain('<pre>a &lt;b&gt;</pre>\n<b>bold</b>');
    expect(report).toMatch(/<summary>more &amp; more<\/summary>\n<pre>later<\/pre>/);
    const log: string[] = [];
    for await (const { message } of run.logs()) log.push(message);
    expect(log.join('\n')).toContain('progress: 3 of 50');
    expect(await actionsOf(run)).toMatchObject([{ group: 'night', what: 'grouped' }]);
  });
});
