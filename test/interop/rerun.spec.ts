import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('a rerun', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('runs');
    const given = { name: 'Ann', times: 2 };
    await python.call('start', { task: 'greet', name: 'once', given, env_vars: { COLOUR: 'red' } });
    await python.call('end', { run: 'once' });
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('has the inputs, the variables and the code of the run before', async () => {
    const run = await python.call('rerun', { run: 'once' });
    expect(run).not.toBe('once');
    expect(await python.call('inputs', { run })).toEqual({ name: 'Ann', times: 2 });
    expect(await python.call('variables', { run })).toMatchObject({ COLOUR: 'red' });
    expect(await python.call('end', { run })).toEqual({ phase: 'succeeded', outputs: ['hello Ann hello Ann'] });
  });

  it('has those inputs that are given anew', async () => {
    const run = await python.call('rerun', { run: 'once', given: { name: 'Bob' } });
    expect(await python.call('end', { run })).toEqual({ phase: 'succeeded', outputs: ['hello Bob hello Bob'] });
  });

  it('of a run that is missing is refused by name', async () => {
    const refused = { type: 'ConnectError', code: 'not_found', message: expect.stringContaining('a run "nosuch"') };
    await expect(python.call('rerun', { run: 'nosuch' })).rejects.toMatchObject(refused);
  });

  it('that reuses what succeeded is refused by name: nothing of it would be reused', async () => {
    const message = expect.stringContaining('recovers no run');
    const refused = { type: 'RuntimeSystemError', code: 'RunCreationError', message };
    await expect(python.call('rerun', { run: 'once', recover: true })).rejects.toMatchObject(refused);
    const { stdout, stderr } = await user.flyte('rerun', 'once', '--recover');
    expect(stdout + stderr).toEqual(message);
  });

  it('is asked for by the command', async () => {
    const { code } = await user.flyte('rerun', 'once', '--name', 'twice', '--times', '1');
    expect(code).toBe(0);
    expect(await python.call('end', { run: 'twice' })).toEqual({ phase: 'succeeded', outputs: ['hello Ann'] });
  });
});
