import { createClient } from '@connectrpc/connect';
import { type FlyteClient, type Run } from 'nestjs-flyte';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import type { Action } from 'nestjs-flyte/idl/workflow/run_definition';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, ended } from './connect.js';
import { APPROVED, Parents } from './tasks/children.tasks.js';

let flyte: FlyteClient;
beforeAll(async () => {
  flyte = await connect();
});

/** What the actions of a run have called. */
async function childrenOf({ project, domain, name }: Run): Promise<Action[]> {
  const client = createClient(RunService, flyte.transport);
  const { actions } = await client.listActions({ runId: { project, domain, name }, request: { limit: 100 } });
  return actions.filter(({ id }) => id?.name !== 'a0');
}

const phasesOf = async (run: Run) => (await childrenOf(run)).map(({ status }) => status?.phase);

describe.concurrent('an action that calls', () => {
  it('finds what was done where it died, and has the rest done', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'c'];
    const run = await flyte.task(Parents, 'all').run({ ids, deaths: 1 });
    await ended('a parent that dies once', run);
    const { made, attempt } = await run.outputs();
    expect(made.map(({ id }) => id)).toEqual(ids);
    expect(new Set(made.map(({ action }) => action)).size).toBe(6);
    expect(attempt).toBe(2);
    const children = await childrenOf(run);
    expect(children.map(({ metadata }) => metadata?.parent)).toEqual(ids.map(() => 'a0'));
    expect(children.filter(({ metadata }) => metadata?.group === 'rest').length).toBe(3);
    expect(children.map(({ status }) => status?.attempts)).toEqual(ids.map(() => 1));
  });

  it('is told which of its calls failed, and why', async () => {
    const { results } = await flyte.task(Parents, 'settled').call({ ids: ['a', 'bad-b', 'c'] });
    expect(results).toEqual([
      'a',
      expect.stringMatching(
        /^task_failed, flyte-suite-pieces\.make, 1: The child [0-9a-z]{25} of run \w+, task flyte-suite-pieces\.make, attempt 1, failed: bad-b cannot be made/,
      ),
      'c',
    ]);
  });

  it('takes a step once', async () => {
    const run = await flyte.task(Parents, 'step').run();
    const { at, attempt } = await run.outputs();
    expect(attempt).toBe(2);
    const [first] = (await run.get()).attempts > 1 ? [at] : [];
    expect(first).toBe(at);
  });

  it('waits for an answer, and finds it again', async ({ expect }) => {
    const run = await flyte.task(Parents, 'ask').run();
    await expect.poll(() => phasesOf(run)).toContain(ActionPhase.PAUSED);
    await run.signal(APPROVED, true);
    await expect(run.signal(APPROVED, false)).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(await run.outputs()).toEqual({ approved: true });
  });

  it('is told that nobody answered in time', async () => {
    expect(await flyte.task(Parents, 'impatient').call()).toEqual({ code: 'deadline_exceeded' });
  });

  it('has what it abandons aborted', async ({ expect }) => {
    const run = await flyte.task(Parents, 'abandoned').run();
    expect(await run.outputs()).toEqual({ code: 'as told' });
    await expect.poll(() => phasesOf(run)).toEqual([ActionPhase.ABORTED]);
  });

  it('takes its children with it where its run is aborted', async ({ expect }) => {
    const run = await flyte.task(Parents, 'endless').run();
    await expect.poll(() => phasesOf(run)).toEqual([ActionPhase.RUNNING]);
    await run.abort('enough');
    await expect.poll(() => phasesOf(run)).toEqual([ActionPhase.ABORTED]);
    expect((await run.wait()).phase).toBe('aborted');
  });
});
