import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OrderTasks } from './app/order.tasks.js';
import { startStage } from './support.js';

test('an action calls tasks as children of its run, and gets their outputs in order', async () => {
  await using stage = await startStage();
  const diary = join(stage.root, 'diary');
  await stage.asAlice(async () => {
    const run = await stage.client
      .task(OrderTasks, 'all')
      .run({ ids: ['a', 'bb', 'a'] }, { envVars: { DIARY: diary } });
    expect(await run.outputs()).toEqual({ lengths: [1, 2, 1], action: 'a0' });
  });
  expect(readFileSync(diary, 'utf8').split('\n').toSorted()).toEqual(['', 'a', 'a', 'bb']);
});
