import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { jsonOf, PythonUser } from './support/python-user.js';

describe('runs', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('runs');
    await python.call('start', { task: 'greet', name: 'good', given: { name: 'Ann', times: 2 } });
    await python.call('start', { task: 'fail', name: 'bad', given: { why: 'because' }, version: 'v1' });
  });
  afterAll(() => user[Symbol.asyncDispose]());

  describe('that end', () => {
    it('give their inputs and outputs', async () => {
      expect(await python.call('end', { run: 'good' })).toEqual({
        phase: 'succeeded',
        outputs: ['hello Ann hello Ann'],
      });
      expect(await python.call('inputs', { run: 'good' })).toEqual({ name: 'Ann', times: 2 });
    });

    it('give several outputs, and values in lists and maps', async () => {
      const both = await python.call('start', { task: 'both', given: { name: 'Ann' } });
      expect(await python.call('end', { run: both })).toEqual({ phase: 'succeeded', outputs: ['ANN', 3] });
      const plain = await python.call('start', { task: 'plain', given: { values: [1, 2] } });
      expect(await python.call('end', { run: plain })).toEqual({ phase: 'succeeded', outputs: [{ 1: 0.5, 2: 1 }] });
    });

    it('say what they failed with, after the attempts that the task asks for', async () => {
      expect(await python.call('end', { run: 'bad' })).toEqual({ phase: 'failed', outputs: [null], error: 'because' });
      expect(await python.call('attempts', { run: 'bad' })).toBe(2);
    });
  });

  it('are created once by a name', async () => {
    expect(await python.call('start', { task: 'greet', name: 'good' })).toBe('good');
    expect(await python.call('inputs', { run: 'good' })).toEqual({ name: 'Ann', times: 2 });
  });

  it('are refused: a name that is none, and inputs of the wrong type', async () => {
    const refused = { type: 'RuntimeUserError', message: expect.stringMatching(/run name "UPPER" must have/) };
    await expect(python.call('start', { task: 'greet', name: 'UPPER' })).rejects.toMatchObject(refused);
    const wrong = python.call('start', { task: 'greet', given: { name: ['Ann'] } });
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining('name') });
  });

  it('get the secrets that they declare, or are told which one is missing', async () => {
    const without = await python.call('start', { task: 'open_cave' });
    expect(await python.call('end', { run: without })).toMatchObject({
      ...{ phase: 'failed', error: expect.stringContaining('The secret with key "cave" and no group is not stored.') },
    });
    await user.python('stored_secrets').call('create', { name: 'cave', value: 'open sesame' });
    const name = await python.call('start', { task: 'open_cave' });
    expect(await python.call('end', { run: name })).toEqual({ phase: 'succeeded', outputs: [11] });
    expect(await python.call('logs', { run: name, filter_system: true })).toEqual([' the words are ***']);
  });

  it('that are missing are refused by name', async () => {
    const refused = { type: 'ConnectError', code: 'not_found', message: expect.stringContaining('a run "nosuch"') };
    for (const asked of ['phase', 'inputs', 'end', 'logs']) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(python.call(asked, { run: 'nosuch' })).rejects.toMatchObject(refused);
    }
    expect(await python.call('actions', { run: 'nosuch' })).toEqual([]);
  });

  describe('are listed', () => {
    beforeAll(async () => {
      await Promise.all(['good', 'bad'].map((run) => python.call('end', { run })));
    });
    const ours = async (filters: object): Promise<string[]> => {
      const names = (await python.call('names', filters)) as string[];
      return names.filter((name) => ['good', 'bad'].includes(name)).toSorted();
    };

    it.each([
      [{}, ['bad', 'good']],
      [{ in_phase: ['failed'] }, ['bad']],
      [{ in_phase: ['succeeded'] }, ['good']],
      [{ in_phase: ['failed', 'succeeded'] }, ['bad', 'good']],
      [{ in_phase: ['running'] }, []],
      [{ task_name: 'greeting.fail' }, ['bad']],
      [{ task_name: 'greeting.fail', task_version: 'v1' }, ['bad']],
      [{ task_name: 'greeting.fail', task_version: 'v2' }, []],
      [{ task_name: 'nosuch' }, []],
      [{ project: 'nosuch' }, []],
    ])('by %j', async (filters, names) => {
      expect(await ours(filters)).toEqual(names);
    });

    it('in an order, and as many as asked for', async () => {
      const first = { sort_by: ['created_at', 'asc'], limit: 2 };
      expect(await python.call('names', first)).toEqual(['good', 'bad']);
    });

    it.each([
      [{ created_by_subject: 'alice' }, 'created_by'],
      [{ with_labels: { team: 'ml' } }, 'labels.team'],
      [{ with_label_keys: ['team'] }, 'labels.team'],
    ])('not by %j, which Flyte’s backend refuses too', async (filters, field) => {
      const message = expect.stringContaining(`The filter field "${field}" is none of`) as string;
      const refused = { type: 'ConnectError', code: 'invalid_argument', message };
      await expect(python.call('names', filters)).rejects.toMatchObject(refused);
    });

    it('with their actions, which can be filtered too', async () => {
      expect(await python.call('actions', { run: 'bad' })).toEqual([{ name: 'a0', phase: 'failed' }]);
      expect(await python.call('actions', { run: 'bad', in_phase: ['succeeded'] })).toEqual([]);
    });
  });

  describe('by the command', () => {
    it('start from a file, and from a deployed version', async () => {
      const started = await user.flyte(
        'run',
        '--name',
        'first',
        'greeting.py',
        'greet',
        '--name',
        'Ann',
        '--times',
        '3',
      );
      expect([started.code, started.stdout]).toEqual([0, expect.stringContaining('first')]);
      expect(await python.call('end', { run: 'first' })).toMatchObject({ outputs: ['hello Ann hello Ann hello Ann'] });
      expect((await user.flyte('deploy', '--version', 'cli', 'greeting.py', 'env')).code).toBe(0);
      const named = ['--name', 'second', 'deployed-task', 'greeting.greet:cli', '--name', 'Bob'];
      expect((await user.flyte('run', ...named)).code).toBe(0);
      expect(await python.call('end', { run: 'second' })).toMatchObject({ outputs: ['hello Bob'] });
    });

    it('are told, with what went in and came out', async () => {
      const runs = jsonOf(await user.flyte('get', 'run')) as { action: { id: { run: { name: string } } } }[];
      expect(runs.map(({ action }) => action.id.run.name)).toEqual(expect.arrayContaining(['good', 'bad']));
      expect((await user.flyte('get', 'run', 'bad')).stdout).toContain("'message': 'because'");
      expect((await user.flyte('get', 'io', 'good')).stdout).toMatch(/'times': 2[^]*hello Ann hello Ann/);
      const actions = jsonOf(await user.flyte('get', 'action', 'good')) as object[];
      expect(actions).toMatchObject([{ id: { name: 'a0' }, status: { phase: 'ACTION_PHASE_SUCCEEDED' } }]);
      const missing = await user.flyte('get', 'run', 'nosuch');
      expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('a run "nosuch"')]);
    });
  });
});
