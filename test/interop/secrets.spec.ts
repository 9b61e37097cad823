import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { jsonOf, PythonUser } from './support/python-user.js';

const NOT_FOUND = {
  type: 'ConnectError',
  code: 'not_found',
  message: 'There is no secret of this name in this scope.',
};
const place = ['--project', 'flytesnacks', '--domain', 'development'];

describe('secrets', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('stored_secrets');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('are created, read without their value, listed and deleted', async () => {
    await python.call('create', { name: 'cave', value: 'open sesame' });
    const found = { name: 'cave', project: 'flytesnacks', domain: 'development' };
    expect(await python.call('get', { name: 'cave' })).toEqual(found);
    await python.call('create_bytes', { name: 'key', hex: '00ff80' });
    expect(await python.call('names')).toEqual(['cave', 'key']);
    expect(await python.call('names', { limit: 1 })).toEqual(['cave', 'key']);
    for (const name of ['cave', 'key']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await python.call('delete', { name })).toBeNull();
    }
    expect(await python.call('names')).toEqual([]);
    expect(python.printed).not.toContain('sesame');
  });

  it('that exist are not replaced', async () => {
    await python.call('create', { name: 'once', value: 'one' });
    const again = python.call('create', { name: 'once', value: 'two' });
    await expect(again).rejects.toMatchObject({ type: 'ConnectError', code: 'already_exists' });
    await python.call('delete', { name: 'once' });
  });

  it('that are missing are refused by name', async () => {
    await expect(python.call('get', { name: 'nosuch' })).rejects.toMatchObject(NOT_FOUND);
    await expect(python.call('delete', { name: 'nosuch' })).rejects.toMatchObject(NOT_FOUND);
  });

  it.each(['', 'a b', 'a/b', '../a', 'ä'])('of the name %j are refused', async (name) => {
    const refused = { type: 'ConnectError', code: 'invalid_argument' };
    await expect(python.call('create', { name, value: 'x' })).rejects.toMatchObject(refused);
  });

  it('of a project are no image pull secrets: the SDK itself refuses them', async () => {
    const asked = python.call('create', { name: 'pull', value: '{}', type: 'image_pull' });
    await expect(asked).rejects.toMatchObject({ type: 'ValueError' });
  });

  it('are created, listed and deleted by the command', async () => {
    const created = await user.flyte('create', 'secret', 'mine', '--value', 'not a real one', ...place);
    expect(created.code).toBe(0);
    const listed = await user.flyte('get', 'secret', ...place);
    expect(jsonOf(listed)).toMatchObject([{ id: { name: 'mine', project: 'flytesnacks' } }]);
    expect(listed.stdout + listed.stderr).not.toContain('a real one');
    expect((await user.flyte('get', 'secret', 'mine', ...place)).stdout).toContain("'name': 'mine'");
    expect((await user.flyte('delete', 'secret', 'mine', ...place)).code).toBe(0);
    const missing = await user.flyte('get', 'secret', 'mine', ...place);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining(NOT_FOUND.message)]);
  });

  it('of all projects are created by the command where it is told of none', async () => {
    expect((await user.flyte('create', 'secret', 'shared', '--value', 'x')).code).toBe(0);
    const [found] = jsonOf(await user.flyte('get', 'secret')) as { id: object }[];
    expect(found?.id).toEqual({ name: 'shared', organization: 'local' });
  });
});
