import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Param, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createClient } from '@connectrpc/connect';
import { authMetadata, FlyteClient, FlyteModule, TriggerService, type DeployedTrigger } from 'nestjs-flyte';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildTasks } from '../support/tasks-app.js';
import { ManualClock } from '../support/manual-clock.js';
import { startPlane } from '../support/plane.js';
import { ReportTasks } from './app/report.tasks.js';

// #region service
@Controller('reports')
export class ReportsController {
  constructor(private readonly triggers: TriggerService) {}

  @Get('triggers')
  async list() {
    const found: DeployedTrigger[] = [];
    for await (const trigger of this.triggers.list({ task: 'reports.write' })) found.push(trigger);
    return found.map(({ name, schedule, active, triggeredAt }) => ({ name, schedule, active, triggeredAt }));
  }

  @Post('triggers/:name/pause')
  pause(@Param('name') name: string) {
    return this.triggers.pause({ task: 'reports.write', name });
  }
}
// #endregion

const NIGHTLY = { task: 'reports.write', name: 'nightly' };

/** An app whose tasks are deployed by alice to a plane with a clock of its own. */
async function stage(start: string) {
  const clock = new ManualClock(start);
  const root = buildTasks(join(import.meta.dirname, 'app'));
  const plane = await startPlane({ workingDirectory: root, clock });
  const module = await Test.createTestingModule({
    imports: [
      FlyteModule.forRoot({
        ...{ endpoint: plane.url, project: 'flytesnacks', domain: 'development', passthrough: true },
        tasks: { module: './dist/tasks.module.js#TasksModule' },
      }),
    ],
    controllers: [ReportsController],
    providers: [ReportTasks],
  }).compile();
  onTestFinished(async () => {
    await module.close();
    await plane.close();
    rmSync(root, { recursive: true, force: true });
  });
  const authorization = `Bearer ${await plane.token('alice', { name: 'Alice' })}`;
  const client = module.get(FlyteClient);
  const asAlice = <T>(fn: () => Promise<T>): Promise<T> => authMetadata({ authorization }, fn);
  await asAlice(() => client.tasks.deploy());
  /** The names of what a trigger ran, the newest first. */
  const runsOf = (trigger: { task: string; name: string }): Promise<string[]> =>
    asAlice(async () => {
      const id = { project: 'flytesnacks', domain: 'development', taskName: trigger.task, name: trigger.name };
      const runs = createClient(RunService, client.transport);
      const { runs: found } = await runs.listRuns({ scopeBy: { case: 'triggerName', value: id } });
      return found.map(({ action }) => action?.id?.run?.name ?? '');
    });
  return {
    clock,
    client,
    triggers: module.get(TriggerService),
    controller: module.get(ReportsController),
    asAlice,
    runsOf,
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('triggers of tasks', () => {
  it('are deployed with them, and run them with their inputs and the time that was due', async () => {
    const { clock, client, asAlice, runsOf } = await stage('2026-05-01T12:00:00Z');
    clock.passUntil('2026-05-02T00:00:00Z');
    const [name = ''] = await runsOf(NIGHTLY);
    const outputs = await asAlice(() => client.runs.outputs(name));
    expect(outputs).toEqual({ text: 'Zurich ×2 for 2026-05-02T00:00:00.000Z on A4' });
  });

  it('are listed, paused, activated and deleted', async () => {
    const { clock, triggers, asAlice, runsOf } = await stage('2026-05-01T12:00:00Z');
    const listed = await asAlice(() => all(triggers.list()));
    expect(listed.map(({ task, name, active, schedule }) => [task, name, active, schedule])).toEqual(
      expect.arrayContaining([
        ['reports.write', 'nightly', true, 'cron 0 2 * * * (Europe/Zurich)'],
        ['reports.write', 'every-90m', false, 'every 90 minutes'],
        ['reports.check', 'cron-30-9-1to7by2-jan-x', true, 'cron 30 9 1-7/2 jan ? (UTC)'],
      ]),
    );
    expect(listed).toHaveLength(3);
    await asAlice(() => triggers.pause(NIGHTLY));
    clock.passUntil('2026-05-03T12:00:00Z');
    expect(await runsOf(NIGHTLY)).toEqual([]);
    await asAlice(() => triggers.activate(NIGHTLY));
    clock.passUntil('2026-05-04T12:00:00Z');
    expect(await runsOf(NIGHTLY)).toHaveLength(1);
    expect(await asAlice(() => triggers.get(NIGHTLY))).toMatchObject({
      ...{ active: true, revision: 3, description: 'What happened since yesterday' },
      ...{ kickoffTimeInput: 'due', triggeredAt: new Date('2026-05-04T00:00:00Z') },
    });
    await asAlice(() => triggers.delete(NIGHTLY));
    await expect(asAlice(() => triggers.get(NIGHTLY))).rejects.toMatchObject({ code: 'not_found' });
    await expect(asAlice(() => triggers.pause(NIGHTLY))).rejects.toMatchObject({ code: 'not_found' });
    expect(await asAlice(() => all(triggers.list({ task: 'reports.write' })))).toHaveLength(1);
  });

  it('are shown and paused by a controller, as whoever asks it', async () => {
    const { controller, asAlice } = await stage('2026-05-01T12:00:00Z');
    await asAlice(() => controller.pause('nightly'));
    expect(await asAlice(() => controller.list())).toEqual([
      { name: 'every-90m', schedule: 'every 90 minutes', active: false, triggeredAt: undefined },
      { name: 'nightly', schedule: 'cron 0 2 * * * (Europe/Zurich)', active: false, triggeredAt: undefined },
    ]);
    await expect(controller.list()).rejects.toMatchObject({ code: 'misuse' });
  });
});

describe('docs/triggers.md', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/triggers.md'), 'utf8');

  it.each([
    ['tasks', join(import.meta.dirname, 'app/report.tasks.ts')],
    ['service', import.meta.filename],
  ])('shows %s as they are tried here', (region, file) => {
    const source = readFileSync(file, 'utf8');
    const code = new RegExp(`^// #region ${region}\\n(.*?)^// #endregion$`, 'ms').exec(source)?.[1];
    expect(guide).toContain(`\`\`\`ts\n${code}\`\`\``);
    expect(guide.split('```ts\n')).toHaveLength(3);
  });
});
