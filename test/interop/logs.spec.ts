import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('logs', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('runs');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('are read of a run that has ended', async () => {
    const run = await python.call('start', { task: 'greet', given: { name: 'Ann' } });
    await python.call('end', { run });
    expect(await python.call('logs', { run })).toContain(' greeting Ann');
    expect(await python.call('logs', { run, filter_system: true })).toEqual([' greeting Ann']);
    const [line] = (await python.call('logs', { run, filter_system: true, show_ts: true })) as [string];
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+\] greeting Ann$/);
  });

  it('are followed while a run goes on', async () => {
    const run = await python.call('start', { task: 'wait_long' });
    expect(await python.call('first_line', { run, like: 'waiting' })).toBe(' waiting');
    expect(await python.call('phase', { run })).toBe('running');
    await python.call('abort', { run, reason: 'enough' });
  });

  it('are read attempt by attempt', async () => {
    const run = await python.call('start', { task: 'fail', given: { why: 'because' } });
    await python.call('end', { run });
    for (const attempt of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await python.call('logs', { run, attempt })).toContain(' ValueError: because');
    }
    const refused = { type: 'LogsNotYetAvailableError' };
    await expect(python.call('logs', { run, attempt: 3 })).rejects.toMatchObject(refused);
  });

  it('are printed by the command, after the fact and while it runs', async () => {
    const ran = await user.flyte('run', '--follow', '--name', 'seen', 'greeting.py', 'greet', '--name', 'Ann');
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('greeting Ann')]);
    const read = await user.flyte('get', 'logs', 'seen');
    expect([read.code, read.stdout]).toEqual([0, expect.stringContaining('greeting Ann')]);
  });
});
