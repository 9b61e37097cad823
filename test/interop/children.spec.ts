import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('a task that calls tasks', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('orders_run');
  });
  afterAll(() => user[Symbol.asyncDispose]());
  const run = async (task: string, given = {}, options = {}): Promise<unknown> =>
    python.call('end', { run: await python.call('start', { task, given, ...options }) });

  it('has them run as children', async () => {
    expect(await run('each', { ids: ['a', 'b', 'a'] })).toEqual({ phase: 'succeeded', outputs: [['A', 'B', 'A']] });
  });
  it('maps', async () => {
    expect(await run('mapped', { ids: ['a', 'bad', 'c'] })).toEqual({
      phase: 'succeeded',
      outputs: [['A', 'the item bad is bad', 'C']],
    });
  });
  it('groups', async () => {
    expect(await run('grouped', { ids: ['a'] })).toEqual({ phase: 'succeeded', outputs: [['A']] });
  });
  it('traces', async () => {
    const diary = join(user.folder, 'diary');
    expect(await run('noted', { text: 'x' }, { env_vars: { DIARY: diary } })).toEqual({
      phase: 'succeeded',
      outputs: ['note: x'],
    });
    expect(readFileSync(diary, 'utf8')).toBe('x\n');
  });
  it('caches', async () => {
    expect(await run('cached', { id: 'a' })).toEqual({ phase: 'succeeded', outputs: [true] });
  });
  it('files', async () => {
    expect(await run('filed')).toEqual({ phase: 'succeeded', outputs: [8] });
  });
});
