import { describe, expect, it } from 'vitest';
import { Parents } from './support/parents.js';

const parents = new Parents();
const succeeded = (...outputs: unknown[]) => ({ phase: 'succeeded', outputs });

describe('a step of a task', () => {
  it('that succeeded is not taken again by another attempt, and is listed', async () => {
    const { options, lines } = parents.diary();
    const run = await parents.start('steps.noted', { text: 'x' }, options);
    expect(await parents.call('end', { run })).toEqual(succeeded("note: x, note: x, {'number': 7}"));
    expect(lines()).toEqual(['x', 'x', '7']);
    const step = { of: 'a0', type: 'trace', phase: 'succeeded', name: expect.any(String), attempts: 1 };
    expect(await parents.actions(run)).toEqual([
      expect.objectContaining({ name: 'a0', attempts: 2 }),
      { ...step, called: 'write_note', group: 'evening' },
      { ...step, called: 'write_note', group: '' },
      { ...step, called: 'write_plain', group: '' },
    ]);
  });

  it('that failed is taken again, and not any more once it has succeeded', async () => {
    const { options, lines } = parents.diary();
    const run = await parents.start('steps.mended', {}, options);
    expect(await parents.call('end', { run })).toEqual(succeeded('of 1'));
    expect(lines()).toEqual(['of 0', 'of 1']);
    expect(await parents.actions(run)).toMatchObject([{ attempts: 4 }, { called: 'unsteady', phase: 'succeeded' }]);
  });

  it('that failed for good is not taken again: the next attempt is told how it failed', async () => {
    const { options, lines } = parents.diary();
    const run = await parents.start('steps.never', {}, options);
    expect(await parents.call('end', { run })).toEqual(succeeded('RuntimeUserError Hopeless: no way'));
    expect(lines()).toEqual(['way']);
    expect(await parents.actions(run)).toMatchObject([{ attempts: 2 }, { called: 'hopeless', phase: 'failed' }]);
  });
});
