import { beforeAll, describe, expect, it } from 'vitest';
import { Parents } from './support/parents.js';
import { jsonOf } from './support/python-user.js';

const parents = new Parents();

describe('a child of a run that has ended', () => {
  let run: string;
  let child: string;
  beforeAll(async () => {
    run = await parents.start('orders.each', { ids: ['ann', 'bob'] }, { name: 'two' });
    await parents.call('end', { run });
    child = (await parents.actions(run))[1]?.name ?? '';
  });

  it('is listed and got by the command', async () => {
    const listed = await parents.user.flyte('get', 'action', run);
    expect([listed.code, jsonOf(listed)]).toEqual([0, expect.objectContaining({ length: 3 })]);
    const got = await parents.user.flyte('get', 'action', run, child);
    expect([got.code, got.stdout]).toEqual([0, expect.stringContaining('items.process')]);
    const missing = await parents.user.flyte('get', 'action', run, 'nosuch');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('There is no action "nosuch"')]);
  });

  it('has inputs and outputs', async () => {
    expect(await parents.call('io', { run, action: child })).toEqual([{ id: 'ann' }, ['ANN']]);
    const { code, stdout } = await parents.user.flyte('get', 'io', run, child);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ann[^]*ANN/)]);
  });

  it('has a log of its own', async () => {
    const given = { run, action: child, filter_system: true };
    expect(await parents.call('logs', given)).toEqual([' processing ann']);
    const { code, stdout } = await parents.user.flyte('get', 'logs', run, child);
    expect([code, stdout]).toEqual([0, expect.stringContaining('processing ann')]);
    expect(stdout).not.toContain('processing bob');
  });

  it('is called anew in a rerun, with the inputs that are given', async () => {
    const again = String(await parents.call('rerun', { run, given: { ids: ['carl'] } }));
    expect(await parents.call('end', { run: again })).toEqual({ phase: 'succeeded', outputs: [['CARL']] });
    expect(await parents.actions(again)).toHaveLength(2);
    expect(await parents.actions(run)).toHaveLength(3);
  });
});
