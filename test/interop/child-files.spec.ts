import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Parents } from './support/parents.js';

const parents = new Parents();

it('files and folders go from the client to children, and back to their parent', async () => {
  const [file, folder] = [join(parents.user.folder, 'dear.txt'), join(parents.user.folder, 'sirs')];
  writeFileSync(file, 'dear sir');
  mkdirSync(join(folder, 'and'), { recursive: true });
  writeFileSync(join(folder, 'one.txt'), '1');
  writeFileSync(join(folder, 'and', 'two.txt'), '2');
  const run = await parents.call('start_with_letters', { file, folder });
  expect(await parents.call('end', { run })).toEqual({
    ...{ phase: 'succeeded', outputs: [8, ['of.txt', 'one.txt', 'two.txt', 'DEAR SIR']] },
  });
});

it('children report as their parent does', async () => {
  const run = await parents.start('letters.told');
  expect(await parents.call('end', { run })).toMatchObject({ phase: 'succeeded' });
  expect(await parents.call('reports', { run })).toEqual([
    expect.stringContaining('<b>of the parent</b>'),
    expect.stringContaining('<b>of the child</b>'),
  ]);
});
