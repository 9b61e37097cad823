import type { MessageInitShape } from '@bufbuild/protobuf';
import { Sort_Direction, type ListRequestSchema } from 'nestjs-flyte/idl/common/list';
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
  const LISTS = { runs: [runs, 'name'], tasks: [tasks, 'name'], versions: [versions, 'version'] } as const;

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
