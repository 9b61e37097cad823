import { describe, expect, it } from 'vitest';
import { Parents } from './support/parents.js';

// Fewer than a parent calls: who waits for what it called keeps nobody from a turn.
const parents = new Parents({ maxConcurrentActions: 2 });
const succeeded = (...outputs: unknown[]) => ({ phase: 'succeeded', outputs });

describe('a task that calls tasks', () => {
  it('has them run one after the other, as children', async () => {
    const { options, lines } = parents.diary();
    const run = await parents.start('orders.each', { ids: ['a', 'b', 'a'] }, options);
    expect(await parents.call('end', { run })).toEqual(succeeded(['A', 'B', 'A']));
    expect(lines()).toEqual(['a', 'b', 'a']);
    const [root, ...children] = await parents.actions(run);
    expect(root).toMatchObject({ name: 'a0', of: '', called: 'orders.each' });
    const child = { of: 'a0', called: 'items.process', type: 'task', group: '', phase: 'succeeded', attempts: 1 };
    expect(children).toEqual([child, child, child].map((one) => ({ ...one, name: expect.any(String) })));
    expect(new Set(children.map(({ name }) => name)).size).toBe(3);
    expect(await parents.actions(run, { parent_name: 'a0' })).toEqual(children);
    expect(await parents.actions(run, { in_phase: ['failed'] })).toEqual([]);
  });

  it('has them run together, and gets their outputs in order', async () => {
    const { options, lines } = parents.diary();
    const ids = ['a', 'b', 'c', 'd', 'a'];
    expect(await parents.run('orders.together', { ids }, options)).toEqual(succeeded(['A', 'B', 'C', 'D', 'A']));
    expect(lines().toSorted()).toEqual(ids.toSorted());
  });

  it('maps, some at a time, and gets what they raise', async () => {
    const given = { ids: ['a', 'bad', 'c'], concurrency: 1 };
    expect(await parents.run('orders.mapped', given)).toEqual(
      succeeded(['str A', 'RuntimeUserError the item bad is bad', 'str C']),
    );
  });

  it('calls tasks that call tasks that call tasks', async () => {
    const run = await parents.start('orders.tree', { depth: 2 });
    expect(await parents.call('end', { run })).toEqual(succeeded(7));
    const actions = await parents.actions(run);
    const depth = (of: string): number =>
      of === '' ? 0 : 1 + depth(actions.find(({ name }) => name === of)?.of ?? '');
    const depths = actions.map(({ of }) => depth(of));
    expect(depths.toSorted((one, other) => one - other)).toEqual([0, 1, 1, 2, 2, 2, 2]);
  });

  it('gives them names of their own in its run', async () => {
    const run = await parents.start('orders.located');
    const ended = await parents.call('end', { run });
    const [, child] = await parents.actions(run);
    expect(ended).toEqual(succeeded({ action: child?.name, run, project: 'flytesnacks', attempt: '0', parent: 'a0' }));
  });

  it('groups them, and the same call in another group is another one', async () => {
    const { options, lines } = parents.diary();
    const run = await parents.start('orders.grouped', { ids: ['a'] }, options);
    expect(await parents.call('end', { run })).toEqual(succeeded(['A', 'A']));
    expect(lines()).toEqual(['a', 'a']);
    expect((await parents.actions(run)).map(({ group }) => group)).toEqual(['', 'night', 'day']);
  });

  it('gets from the cache what another child put there', async () => {
    expect(await parents.run('orders.cached', { id: 'a' })).toEqual(succeeded(true));
  });
});
