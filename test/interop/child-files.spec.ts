import { expect, it } from 'vitest';
import { Parents } from './support/parents.js';

const parents = new Parents();

it('children report as their parent does', async () => {
  const run = await parents.start('letters.told');
  expect(await parents.call('end', { run })).toMatchObject({ phase: 'succeeded' });
  expect(await parents.call('reports', { run })).toEqual([
    expect.stringContaining('<b>of the parent</b>'),
    expect.stringContaining('<b>of the child</b>'),
  ]);
});
