import { createClient } from '@connectrpc/connect';
import { cron, fixedRate, Task, TaskEnvironment, Tasks, type FlyteClient, type Trigger } from 'nestjs-flyte';
import { RunSource } from 'nestjs-flyte/idl/workflow/run_definition';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { connect } from './connect.js';
import { needs, target } from './target.js';

/** In a task of its own each time, as nothing of a trigger goes with its version. */
const env = new TaskEnvironment({ name: `flyte-suite-${target.version}` });
const name = 'every-minute';
const minutely: Trigger<{ city: string }> = cron('* * * * *', { name, inputs: { city: 'Bern' } });

@Tasks(env)
class Scheduled {
  @Task({ inputs: z.object({ city: z.string() }), triggers: [minutely, fixedRate('1h', { inputs: { city: 'Chur' } })] })
  async report() {}
}

describe('triggers', () => {
  const task = `${env.name}.report`;
  let flyte: FlyteClient;
  beforeAll(async () => {
    flyte = await connect();
    await flyte.tasks.deploy([Scheduled]);
  });

  const listed = async (): Promise<unknown[]> => {
    const found: (readonly [string, boolean, string])[] = [];
    for await (const trigger of flyte.triggers.list({ task })) {
      found.push([trigger.name, trigger.active, trigger.schedule]);
    }
    return found.toSorted(([one], [other]) => (one < other ? -1 : 1));
  };

  it('are deployed with their task, and listed', async () => {
    expect(await listed()).toEqual([
      ['every-1h', true, 'every 60 minutes'],
      [name, true, 'cron * * * * * (UTC)'],
    ]);
    expect(await flyte.triggers.get({ task, name })).toMatchObject({ revision: 1, version: target.version });
  });

  it('are run by hand, by their name, with what they were given', async () => {
    const runs = createClient(RunService, flyte.transport);
    const { project, domain } = target;
    const { run } = await runs.createRun({
      id: { case: 'projectId', value: { name: project, domain } },
      task: { case: 'triggerName', value: { project, domain, taskName: task, name } },
      source: RunSource.CLI,
    });
    expect(run?.action?.metadata).toMatchObject({ source: RunSource.CLI, triggerName: name });
    expect(await flyte.runs.inputs(run?.action?.id?.run?.name ?? '')).toEqual({ city: 'Bern' });
    expect((await flyte.triggers.get({ task, name })).triggeredAt).toBeInstanceOf(Date);
  });

  it('fire at their time', async (test) => {
    needs(test, 'fired triggers');
    const runs = createClient(RunService, flyte.transport);
    const { project, domain } = target;
    const value = { project, domain, taskName: task, name };
    const sources = async (): Promise<unknown[]> =>
      (await runs.listRuns({ scopeBy: { case: 'triggerName', value } })).runs.map(
        ({ action }) => action?.metadata?.source,
      );
    await expect.poll(sources, { timeout: 150_000 }).toContain(RunSource.SCHEDULE_TRIGGER);
  });

  it('are paused, activated and deleted', async () => {
    await flyte.triggers.pause({ task, name });
    expect(await listed()).toContainEqual([name, false, 'cron * * * * * (UTC)']);
    await flyte.triggers.activate({ task, name });
    expect(await flyte.triggers.get({ task, name })).toMatchObject({ active: true, revision: 3 });
    await flyte.triggers.delete({ task, name });
    await flyte.triggers.delete({ task, name: 'every-1h' });
    expect(await listed()).toEqual([]);
    await expect(flyte.triggers.pause({ task, name })).rejects.toMatchObject({ code: 'not_found' });
  });
});
