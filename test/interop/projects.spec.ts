import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { jsonOf, PythonUser } from './support/python-user.js';

const domains = ['development', 'staging', 'production'];

describe('projects', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('projects');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('are read by name', async () => {
    expect(await python.call('get', { name: 'flytesnacks' })).toEqual({
      id: 'flytesnacks',
      name: 'flytesnacks',
      domains,
    });
  });

  it('that are missing are refused by name', async () => {
    const refused = { type: 'ConnectError', code: 'not_found', message: 'There is no project "nosuch".' };
    await expect(python.call('get', { name: 'nosuch' })).rejects.toMatchObject(refused);
  });

  it('are created, listed in order, renamed and archived', async () => {
    expect(await python.call('create', { id: 'mine', name: 'Mine', labels: { team: 'ml' } })).toBe('mine');
    const again = python.call('create', { id: 'mine', name: 'Mine', labels: {} });
    await expect(again).rejects.toMatchObject({ type: 'ConnectError', code: 'already_exists' });
    expect(await python.call('names')).toEqual(['flytesnacks', 'mine']);
    expect(await python.call('names', { sort_by: ['created_at', 'desc'] })).toEqual(['mine', 'flytesnacks']);
    const unsorted = python.call('names', { sort_by: ['colour', 'asc'] });
    await expect(unsorted).rejects.toMatchObject({ type: 'ConnectError', code: 'invalid_argument' });
    expect(await python.call('rename', { id: 'mine', name: 'Ours' })).toBe('Ours');
    await python.call('archive', { id: 'mine' });
    expect(await python.call('names')).toEqual(['flytesnacks']);
    expect(await python.call('archived')).toEqual(['mine']);
  });

  it('are told by the command', async () => {
    const listed = jsonOf(await user.flyte('get', 'project')) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(['flytesnacks']);
    expect((await user.flyte('get', 'project', 'flytesnacks')).stdout).toContain("id='flytesnacks'");
    const missing = await user.flyte('get', 'project', 'nosuch');
    expect([missing.code, missing.stderr + missing.stdout]).toEqual([
      1,
      expect.stringContaining('There is no project "nosuch".'),
    ]);
  });

  it('are made by the command', async () => {
    const made = await user.flyte('create', 'project', '--id', 'theirs', '--name', 'Theirs', '--label', 'team=ml');
    expect(made.code).toBe(0);
    expect((await user.flyte('update', 'project', 'theirs', '--archive')).code).toBe(0);
    expect(await python.call('archived')).toContain('theirs');
  });
});
