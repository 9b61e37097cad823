import { describe, expect, it } from 'vitest';
import { Parents } from './support/parents.js';

const parents = new Parents({ maxConcurrentActions: 2 });
const succeeded = (...outputs: unknown[]) => ({ phase: 'succeeded', outputs });

describe('what a child raises', () => {
  it('is raised where it was called, with its code and message', async () => {
    expect(await parents.run('failures.caught', { child: 'bad' })).toEqual(
      succeeded('RuntimeUserError ValueError: the item bad is bad'),
    );
  });

  it('fails its parent, if nobody catches it', async () => {
    const run = await parents.start('failures.uncaught');
    expect(await parents.call('end', { run })).toEqual({
      ...{ phase: 'failed', outputs: [null], error: 'the item bad is bad' },
    });
    expect((await parents.actions(run)).map(({ phase }) => phase)).toEqual(['failed', 'failed']);
  });

  it('is that of its last attempt', async () => {
    const run = await parents.start('failures.patient');
    expect(await parents.call('end', { run })).toEqual(succeeded(2));
    expect((await parents.actions(run)).map(({ attempts }) => attempts)).toEqual([1, 3]);
  });

  it('is raised at once, where another attempt would not change it', async () => {
    const run = await parents.start('failures.caught', { child: 'gives_up' });
    expect(await parents.call('end', { run })).toEqual(succeeded('RuntimeUserError GaveUp: there is no way'));
    expect((await parents.actions(run)).map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  it('is that it was killed, where it was', async () => {
    expect(await parents.run('failures.caught', { child: 'dies' })).toEqual(
      succeeded(expect.stringMatching(/SIGKILL/)),
    );
  });
});

describe('a parent that is killed', () => {
  it('has what it called done once, in however many attempts', async () => {
    const { options, lines } = parents.diary();
    const ids = ['a', 'b', 'c', 'd'];
    const run = await parents.start('failures.killed', { ids }, options);
    expect(await parents.call('end', { run })).toEqual(succeeded(['A', 'B', 'C', 'D']));
    expect(lines().toSorted()).toEqual(['a', 'attempt 0', 'attempt 1', 'attempt 2', 'b', 'c', 'd']);
    expect((await parents.actions(run)).map(({ attempts }) => attempts)).toEqual([3, 1, 1, 1, 1]);
  });
});

describe('an abort', () => {
  const asleep = async (): Promise<{ run: string; child: string }> => {
    const run = await parents.start('failures.caught', { child: 'sleeps' });
    const childOf = async () => (await parents.actions(run))[1]?.name ?? '';
    await expect.poll(childOf).not.toBe('');
    const child = await childOf();
    await parents.call('first_line', { run, action: child, like: 'asleep' });
    return { run, child };
  };

  it('of a run ends its children', async () => {
    const { run } = await asleep();
    await parents.call('abort', { run, reason: 'enough' });
    expect(await parents.call('end', { run })).toMatchObject({ phase: 'aborted' });
    expect((await parents.actions(run)).map(({ phase }) => phase)).toEqual(['aborted', 'aborted']);
  });

  it('of a child is raised where it was called', async () => {
    const { run, child } = await asleep();
    const aborted = await parents.user.flyte('abort', 'action', run, child, '--reason', 'this one');
    expect([aborted.code, aborted.stderr]).toEqual([0, expect.anything()]);
    expect(await parents.call('end', { run })).toEqual(
      succeeded(expect.stringMatching(/^ActionAbortedError .* was aborted/)),
    );
    expect((await parents.actions(run)).map(({ phase }) => phase)).toEqual(['succeeded', 'aborted']);
  });
});
