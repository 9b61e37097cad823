import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { jsonOf, PythonUser } from './support/python-user.js';

const GREETING = ['both', 'fail', 'greet', 'greet_late', 'plain', 'wait_long'].map((name) => `greeting.${name}`);
const ALL = [...GREETING, 'guarded.open_cave'];

describe('tasks', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('tasks');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  describe('are deployed', () => {
    it('with the modules that are loaded, in a version that is a digest of them', async () => {
      const deployed = await python.call('deploy', { environment: 'env' });
      expect(Object.keys(deployed as object).toSorted()).toEqual(GREETING);
      for (const version of Object.values(deployed as object)) expect(version).toMatch(/^[0-9a-f]{32}$/);
      expect(python.printed).toContain('Code bundle: 2 files');
    });

    it('with all files', async () => {
      await python.call('deploy', { environment: 'env', version: 'all', copy_style: 'all' });
      expect(python.printed).toMatch(/Code bundle: ([4-9]|\d\d+) files/);
    });

    it('without their code, in a version of their own', async () => {
      const own = { environment: 'guarded', copy_style: 'none' };
      expect(await python.call('deploy', { ...own, version: 'none' })).toEqual({ 'guarded.open_cave': 'none' });
      const refused = { type: 'DeploymentError', message: 'Version must be set when copy_style is none' };
      await expect(python.call('deploy', own)).rejects.toMatchObject(refused);
    });

    it('never from an interactive session: the SDK itself refuses that', async () => {
      const asked = python.call('deploy', { environment: 'env', interactive_mode: true });
      await expect(asked).rejects.toMatchObject({ type: 'NotImplementedError' });
    });

    it('not in a version that is too long', async () => {
      const refused = { type: 'DeploymentError', message: expect.stringContaining('at most 63 characters') };
      const asked = python.call('deploy', { environment: 'guarded', copy_style: 'none', version: 'v'.repeat(64) });
      await expect(asked).rejects.toMatchObject(refused);
    });
  });

  describe('are fetched', () => {
    beforeAll(async () => {
      for (const version of ['v1', 'v2']) {
        // oxlint-disable-next-line no-await-in-loop
        for (const environment of ['env', 'guarded']) await python.call('deploy', { environment, version });
      }
    });

    it('in their latest version', async () => {
      const latest = await python.call('fetch', { name: 'greeting.greet', auto_version: 'latest' });
      expect(latest).toMatchObject({ name: 'greeting.greet', version: 'v2' });
    });

    it('in a version, with their interface and secrets', async () => {
      expect(await python.call('fetch', { name: 'greeting.plain', version: 'v1' })).toEqual({
        ...{ name: 'greeting.plain', version: 'v1', type: 'python', secrets: [] },
        ...{ required: ['values'], defaults: ['factor'], inputs: { values: 'List', factor: 'float' } },
      });
      expect(await python.call('fetch', { name: 'guarded.open_cave', version: 'v1' })).toMatchObject({
        secrets: ['cave'],
      });
    });

    it('or are missing, by their name', async () => {
      const type = 'RemoteTaskNotFoundError';
      const version = python.call('fetch', { name: 'greeting.greet', version: 'v9' });
      await expect(version).rejects.toMatchObject({
        type,
        message: expect.stringContaining('greeting.greet, version v9'),
      });
      const latest = python.call('fetch', { name: 'greeting.nosuch', auto_version: 'latest' });
      await expect(latest).rejects.toMatchObject({ type, message: expect.stringContaining('greeting.nosuch') });
    });

    it('never without a version', async () => {
      await expect(python.call('fetch', { name: 'greeting.greet' })).rejects.toMatchObject({ type: 'ValueError' });
    });
  });

  it.each([
    [{}, ALL],
    [{ by_task_name: 'greeting.greet' }, ['greeting.greet']],
    [{ by_task_name: 'greet' }, []],
    [{ by_task_env: 'guarded' }, ['guarded.open_cave']],
    [{ by_task_env: 'greet' }, []],
    [{ by_task_env: 'greeting', by_task_name: 'greeting.both' }, ['greeting.both']],
    [{ entrypoint: true }, ['guarded.open_cave']],
    [{ entrypoint: false }, GREETING],
    [{ project: 'nosuch' }, []],
    [{ domain: 'production' }, []],
  ])('are listed by %j', async (filters, names) => {
    expect(((await python.call('names', filters)) as string[]).toSorted()).toEqual(names);
  });

  it('are listed in an order, and as many as asked for', async () => {
    const byName = { sort_by: ['name', 'asc'] };
    expect(await python.call('names', byName)).toEqual(ALL);
    expect(await python.call('names', { sort_by: ['name', 'desc'] })).toEqual(ALL.toReversed());
    expect(await python.call('names', { ...byName, limit: 2 })).toEqual(ALL.slice(0, 2));
    const asked = python.call('names', { sort_by: ['colour', 'asc'] });
    const refused = { type: 'ConnectError', code: 'invalid_argument', message: expect.stringContaining('"colour"') };
    await expect(asked).rejects.toMatchObject(refused);
  });

  it('are told by the command, each in its latest version', async () => {
    const listed = jsonOf(await user.flyte('get', 'task')) as { taskId: { name: string; version: string } }[];
    expect(listed.map(({ taskId }) => taskId.name).toSorted()).toEqual(ALL);
    expect(listed.map(({ taskId }) => taskId.version)).toEqual(ALL.map(() => 'v2'));
    const versions = jsonOf(await user.flyte('get', 'task', 'guarded.open_cave')) as typeof listed;
    expect(versions.map(({ taskId }) => taskId.version)).toEqual(['v2']);
    const one = await user.flyte('get', 'task', 'greeting.greet', 'v1');
    expect([one.code, one.stdout]).toEqual([0, expect.stringContaining("'name': 'greeting.greet'")]);
    const missing = await user.flyte('get', 'task', 'greeting.greet', 'v9');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('version v9 not found')]);
  });

  it('are deployed by the command', async () => {
    const dry = await user.flyte('deploy', '--dry-run', '--version', 'dry', 'greeting.py', 'guarded');
    expect([dry.code, await python.call('versions', { by_task_env: 'guarded' })]).toEqual([0, ['v2']]);
    const one = await user.flyte('deploy', '--version', 'one', 'greeting.py', 'guarded');
    expect([one.code, await python.call('versions', { by_task_env: 'guarded' })]).toEqual([0, ['one']]);
    const all = await user.flyte('deploy', '--version', 'each', '--copy-style', 'all', '--all', 'greeting.py');
    expect(all.code).toBe(0);
    expect(await python.call('versions')).toEqual(ALL.map(() => 'each'));
    expect((await user.flyte('deploy', 'greeting.py', 'nosuch')).code).not.toBe(0);
  });
});
