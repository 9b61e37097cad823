import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { TaskGroup } from 'nestjs-flyte/idl/workflow/run_definition';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientsFor, DOMAIN, PROJECT, runTask, shellTask, type ExecutionClients } from './execution-support.js';
import { failure } from './support.js';

let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: ':memory:', abortGraceMs: 500 });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

const scopeBy = { case: 'projectId' as const, value: { name: PROJECT, domain: DOMAIN } };
const ever = timestampFromDate(new Date(0));
const never = timestampFromDate(new Date('2200-01-01'));
const id = { project: PROJECT, domain: DOMAIN, version: 'v1' };
const good = shellTask('finish', [], { id: { ...id, name: 'test.good' } });
const bad = shellTask('exit 1', [], { id: { ...id, name: 'test.bad' } });

async function groupsUntil(end: Date): Promise<TaskGroup[]> {
  const answers = [];
  const request = { scopeBy, startDate: ever, endDate: timestampFromDate(end) };
  for await (const { taskGroups, sentinel } of clients.runs.watchGroups(request)) {
    expect(sentinel).toBe(true);
    answers.push(taskGroups);
  }
  expect(answers).toHaveLength(1);
  return answers.flat();
}

it('groups runs by their tasks, the newest first', async () => {
  await runTask(clients, good, { name: 'one' });
  await runTask(clients, bad, { name: 'two' });
  await runTask(clients, bad, { name: 'elsewhere', domain: 'staging' });
  await runTask(clients, good, { name: 'three' });
  const { SUCCEEDED, FAILED } = ActionPhase;
  expect(await groupsUntil(new Date('2200-01-01'))).toMatchObject([
    {
      ...{ taskName: 'test.good', totalRuns: 2n, averageFailureRate: 0, shortName: 'task' },
      phaseCounts: [{ phase: SUCCEEDED, count: 2n }],
      recentStatuses: [
        { runName: 'three', phase: SUCCEEDED },
        { runName: 'one', phase: SUCCEEDED },
      ],
    },
    {
      ...{ taskName: 'test.bad', totalRuns: 1n, averageFailureRate: 1 },
      phaseCounts: [{ phase: FAILED, count: 1n }],
      recentStatuses: [{ runName: 'two', phase: FAILED }],
    },
  ]);
  expect(await groupsUntil(new Date(1))).toEqual([]);
});

it('tells of the groups in which something changes, until it is left', async () => {
  const control = new AbortController();
  const seen: string[] = [];
  const watch = async (): Promise<void> => {
    const request = { scopeBy, startDate: ever };
    for await (const { taskGroups } of clients.runs.watchGroups(request, { signal: control.signal })) {
      seen.push(taskGroups.map(({ taskName, totalRuns }) => `${taskName} ${totalRuns}`).join());
      const states = taskGroups.flatMap(({ recentStatuses }) => recentStatuses);
      if (states.some(({ runName, phase }) => runName === 'four' && phase === ActionPhase.FAILED)) control.abort();
    }
  };
  const watching = failure(watch());
  await expect.poll(() => seen).toHaveLength(1);
  await runTask(clients, bad, { name: 'far', domain: 'staging' });
  await runTask(clients, bad, { name: 'four' });
  expect(await watching).toMatchObject({ code: 1 });
  expect(new Set(seen)).toEqual(new Set(['test.good 2,test.bad 1', 'test.bad 2']));
});

it('wants a project and a date, and keeps to the projects of a token', async () => {
  const ask = async (
    request: Parameters<ExecutionClients['runs']['watchGroups']>[0],
    { runs } = clients,
  ): Promise<void> => {
    for await (const _ of runs.watchGroups(request));
  };
  expect(await failure(ask({ startDate: ever, endDate: never }))).toMatchObject({ code: 3 });
  expect(await failure(ask({ scopeBy, endDate: never }))).toMatchObject({ code: 3 });
  const others = await clientsFor(plane, { projects: ['other'] });
  expect(await failure(ask({ scopeBy, startDate: ever, endDate: never }, others))).toMatchObject({ code: 7 });
});
