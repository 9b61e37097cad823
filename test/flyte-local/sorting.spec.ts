import type { MessageInitShape } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { Filter_Function, Sort_Direction, type ListRequestSchema } from 'nestjs-flyte/idl/common/list';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  finished,
  PROJECT,
  shellTask,
  startRun,
  type ExecutionClients,
} from './execution-support.js';
import { failure } from './support.js';

type Request = MessageInitShape<typeof ListRequestSchema>;
const { ASCENDING, DESCENDING } = Sort_Direction;
const INVALID_ARGUMENT = 3;

describe('lists', () => {
  let plane: LocalControlPlane;
  let clients: ExecutionClients;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
    clients = await clientsFor(plane);
    for (const name of ['b', 'c', 'a']) {
      const taskId = { project: PROJECT, domain: DOMAIN, name, version: `v${name}` };
      await clients.tasks.deployTask({ taskId, spec: shellTask('finish') });
      await clients.tasks.deployTask({ taskId: { ...taskId, name: 'one' }, spec: shellTask('finish') });
      await finished(clients, await startRun(clients, shellTask('finish'), { name }));
    }
  });
  afterAll(() => plane.close());

  const runs = async (request: Request) =>
    (await clients.runs.listRuns({ request })).runs.map(({ action }) => action?.id?.run?.name);
  const tasks = async (request: Request) =>
    (await clients.tasks.listTasks({ request })).tasks
      .map(({ taskId }) => taskId?.name)
      .filter((name) => name !== 'one');
  const versions = async (request: Request) => {
    const taskName = { project: PROJECT, domain: DOMAIN, name: 'one' };
    return (await clients.tasks.listVersions({ request, taskName })).versions.map(({ version }) => version.slice(1));
  };
  const actions = async (request: Request) =>
    (await clients.runs.listActions({ request, runId: { project: PROJECT, domain: DOMAIN, name: 'a' } })).actions.map(
      ({ id }) => id?.run?.name,
    );
  const LISTS = { runs: [runs, 'run_name'], tasks: [tasks, 'name'], versions: [versions, 'version'] } as const;

  it.each(Object.entries(LISTS))(
    'of %s are sorted by the field for one key and by the one for several',
    async (...list) => {
      const [, [names, key]] = list;
      for (const sorted of [
        (sort: object): Request => ({ sortBy: sort }),
        (sort: object): Request => ({ sortByFields: [sort] }),
        // The older field counts only where the newer one is empty.
        (sort: object): Request => ({ sortBy: { key: 'nothing' }, sortByFields: [sort] }),
      ]) {
        expect(await names(sorted({ key, direction: ASCENDING }))).toEqual(['a', 'b', 'c']);
        expect(await names(sorted({ key, direction: DESCENDING }))).toEqual(['c', 'b', 'a']);
        expect(await names(sorted({ key: 'created_at', direction: ASCENDING }))).toEqual(['b', 'c', 'a']);
      }
      expect(await names({})).toEqual(['a', 'c', 'b']);
    },
  );

  it('are sorted by every key that the refusal of a wrong one names', async () => {
    let sorted = 0;
    for (const names of [runs, tasks, versions, actions]) {
      const { rawMessage } = await failure(names({ sortBy: { key: 'none' } }));
      for (const key of rawMessage.replace(/^.*none of |\.$/g, '').split(', ')) {
        const found = new Set(await names({ sortBy: { key, direction: ASCENDING } }));
        expect([key, found]).toEqual([key, new Set(await names({}))]);
        sorted += 1;
      }
    }
    expect(sorted).toBeGreaterThan(50);
  });

  const filtered = (field: string, name: number, ...values: string[]): Request => ({
    filters: [{ field, function: name, values }],
    sortBy: { key: 'created_at', direction: ASCENDING },
  });
  const { EQUAL, NOT_EQUAL, CONTAINS, VALUE_IN, GREATER_THAN_OR_EQUAL, LESS_THAN } = Filter_Function;
  const { ENDS_WITH, NOT_ENDS_WITH, CONTAINS_CASE_INSENSITIVE } = Filter_Function;
  const [VALUE_NOT_IN, EXISTS] = [9, 15];

  it.each([
    [filtered('run_name', EQUAL, 'a'), ['a']],
    [filtered('run_name', NOT_EQUAL, 'a'), ['b', 'c']],
    [filtered('run_name', VALUE_IN, 'a', 'b', 'x'), ['b', 'a']],
    [filtered('run_name', VALUE_IN, 'c'), ['c']],
    [filtered('run_name', GREATER_THAN_OR_EQUAL, 'b'), ['b', 'c']],
    [filtered('run_name', LESS_THAN, 'b'), ['a']],
    [filtered('run_name', ENDS_WITH, 'a'), ['a']],
    [filtered('run_name', NOT_ENDS_WITH, 'a'), ['b', 'c']],
    [filtered('run_name', ENDS_WITH, 'longer than it'), []],
    [filtered('task_name', CONTAINS, 'est.t'), ['b', 'c', 'a']],
    [filtered('task_name', CONTAINS, 'EST.T'), []],
    [filtered('task_name', CONTAINS_CASE_INSENSITIVE, 'EST.T'), ['b', 'c', 'a']],
    [filtered('task_name', CONTAINS, '%'), []],
    [filtered('phase', EQUAL, String(ActionPhase.SUCCEEDED)), ['b', 'c', 'a']],
    [filtered('phase', VALUE_IN, String(ActionPhase.FAILED), String(ActionPhase.QUEUED)), []],
    [filtered('created_at', GREATER_THAN_OR_EQUAL, '2020-01-01T00:00:00+02:00'), ['b', 'c', 'a']],
    [filtered('created_at', LESS_THAN, '2020-01-01'), []],
    [filtered('created_by_subject', EQUAL, 'alice'), ['b', 'c', 'a']],
    [filtered('ended_at', EXISTS), ['b', 'c', 'a']],
    [filtered('trigger_name', EXISTS), []],
    [filtered('duration_ms', GREATER_THAN_OR_EQUAL, '0'), ['b', 'c', 'a']],
    [filtered('run_name', EQUAL, "' OR 1=1 --"), []],
  ])('of runs are filtered: %j', async (request, names) => expect(await runs(request)).toEqual(names));

  it('of tasks and versions are filtered, tasks before the latest of each is looked for', async () => {
    expect(await tasks(filtered('name', CONTAINS, 'b'))).toEqual(['b']);
    const { tasks: found } = await clients.tasks.listTasks({ request: filtered('version', EQUAL, 'vb') });
    expect(found.map(({ taskId }) => `${taskId?.name} ${taskId?.version}`)).toEqual(['b vb', 'one vb']);
    expect(await versions(filtered('version', VALUE_IN, 'va', 'vc'))).toEqual(['c', 'a']);
  });

  it.each([
    filtered('message', EQUAL, 'x'),
    filtered('run_name', EQUAL),
    filtered('run_name', EQUAL, 'a', 'b'),
    filtered('run_name', VALUE_IN),
    filtered('run_name', VALUE_NOT_IN, 'a'),
    filtered('run_name', 99, 'a'),
    filtered('run_name', VALUE_IN, ...Array.from({ length: 1001 }, String)),
    filtered('phase', EQUAL, 'SUCCEEDED'),
    filtered('phase', CONTAINS, '1'),
    filtered('created_at', LESS_THAN, 'yesterday'),
    { limit: 201 },
    { token: '-1' },
  ])('refuse what has no meaning: %#', async (request) => {
    expect(await failure(runs(request))).toMatchObject({ code: INVALID_ARGUMENT });
  });

  it('have a token where there is more, and only there', async () => {
    const page = async (request: Request) => (await clients.runs.listRuns({ request })).token;
    expect([await page({ limit: 2 }), await page({ limit: 1, token: '2' }), await page({ limit: 3 })]).toEqual([
      '2',
      '',
      '',
    ]);
  });

  it('refuse a key that they do not know, in either field', async () => {
    for (const names of [runs, tasks, versions, actions]) {
      for (const request of [{ sortBy: { key: 'x; DROP' } }, { sortByFields: [{ key: 'message' }] }]) {
        const error = await failure(names(request));
        expect(error).toMatchObject({ code: INVALID_ARGUMENT });
        expect(error.rawMessage).toContain('created_at');
      }
    }
  });
});
