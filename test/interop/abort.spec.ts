import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('an abort', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('runs');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('ends a run, with its reason', async () => {
    const run = await python.call('start', { task: 'wait_long' });
    await python.call('first_line', { run, like: 'waiting' });
    await python.call('abort', { run, reason: 'enough' });
    expect(await python.call('end', { run })).toMatchObject({ phase: 'aborted' });
    expect(await python.call('abort_reason', { run })).toBe('enough');
    // Nobody wants how a run ended to be written anew.
    await python.call('abort', { run, reason: 'again' });
    expect(await python.call('abort_reason', { run })).toBe('enough');
  });

  it('ends an action', async () => {
    const run = await python.call('start', { task: 'wait_long' });
    await python.call('abort_action', { run, action: 'a0', reason: 'this one' });
    expect(await python.call('end', { run })).toMatchObject({ phase: 'aborted' });
    expect(await python.call('abort_reason', { run })).toBe('this one');
  });

  it('changes nothing of a run that has ended', async () => {
    const run = await python.call('start', { task: 'greet' });
    const ended = await python.call('end', { run });
    await python.call('abort', { run, reason: 'late' });
    expect(await python.call('end', { run })).toEqual(ended);
  });

  it('of a run that is missing is refused by name', async () => {
    const refused = { type: 'ConnectError', code: 'not_found', message: expect.stringContaining('a run "nosuch"') };
    await expect(python.call('abort', { run: 'nosuch', reason: 'x' })).rejects.toMatchObject(refused);
    const missing = await user.flyte('abort', 'run', 'nosuch');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('a run "nosuch"')]);
  });

  it('is asked for by the command', async () => {
    await python.call('start', { task: 'wait_long', name: 'slow' });
    expect((await user.flyte('abort', 'run', 'slow', '--reason', 'by hand')).code).toBe(0);
    expect(await python.call('end', { run: 'slow' })).toMatchObject({ phase: 'aborted' });
    expect(await python.call('abort_reason', { run: 'slow' })).toBe('by hand');
  });
});
