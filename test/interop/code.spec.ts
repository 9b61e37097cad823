import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('the code of a run', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('runs');
  });
  afterAll(() => user[Symbol.asyncDispose]());
  const run = async (task: string, options: object): Promise<unknown> =>
    python.call('end', { run: await python.call('start', { task, given: { name: 'Ann' }, ...options }) });

  it('is what is loaded, unless asked for more', async () => {
    expect(await run('greet', {})).toEqual({ phase: 'succeeded', outputs: ['hello Ann'] });
    expect(await run('greet_late', {})).toEqual({
      ...{ phase: 'failed', outputs: [null], error: "No module named 'later'" },
    });
  });

  it('is every file, where that is asked for', async () => {
    const ended = await run('greet_late', { copy_style: 'all' });
    expect(ended).toEqual({ phase: 'succeeded', outputs: ['goodbye Ann'] });
  });

  it('comes from memory, for a task that is in no file', async () => {
    const name = await python.call('start_from_memory');
    expect(await python.call('end', { run: name })).toEqual({ phase: 'succeeded', outputs: [42] });
  });

  it('comes from memory in an interactive session, without what it imports', async () => {
    const options = { interactive_mode: true };
    expect(await run('both', options)).toEqual({ phase: 'succeeded', outputs: ['ANN', 3] });
    expect(await run('greet', options)).toMatchObject({
      phase: 'failed',
      error: expect.stringContaining("ModuleNotFoundError: No module named 'words'"),
    });
  });

  it('is what the plane has where it runs, if none is to be copied', async () => {
    const ended = await run('greet', { copy_style: 'none', version: 'none' });
    expect(ended).toEqual({ phase: 'succeeded', outputs: ['hello Ann'] });
    const unnamed = python.call('start', { task: 'greet', given: {}, copy_style: 'none' });
    await expect(unnamed).rejects.toMatchObject({ message: expect.stringContaining('ersion') });
  });

  it('is that of a deployed version', async () => {
    const ours = await python.call('start_and_deploy');
    expect(await python.call('end', { run: ours })).toEqual({ phase: 'succeeded', outputs: ['hello Ann'] });
    const named = { name: 'greeting.greet', given: { name: 'Bob', times: 2 } };
    for (const which of [{ auto_version: 'latest' }, { version: 'ours' }]) {
      // oxlint-disable-next-line no-await-in-loop
      const name = await python.call('start_deployed', { ...named, ...which });
      // oxlint-disable-next-line no-await-in-loop
      expect(await python.call('end', { run: name })).toEqual({ phase: 'succeeded', outputs: ['hello Bob hello Bob'] });
    }
    const missing = python.call('start_deployed', { ...named, version: 'v9' });
    await expect(missing).rejects.toMatchObject({ type: 'RemoteTaskNotFoundError' });
  });

  it('is given out again by the command', async () => {
    const name = String(await python.call('start', { task: 'greet' }));
    const { code, stdout } = await user.flyte('get', 'code', name);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/greeting\.py[^]*words\.py/)]);
  });
});
