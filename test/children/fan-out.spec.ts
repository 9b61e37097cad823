import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OrderTasks } from './app/order.tasks.js';
import { Diary, startStage, type Stage } from './support.js';

let stage: Stage;
beforeAll(async () => (stage = await startStage()));
afterAll(() => stage[Symbol.asyncDispose]());

const diary = new Diary(() => stage);

describe('an action', () => {
  it('calls tasks as children of its run, and gets their outputs in order', async () => {
    await stage.asAlice(async () => {
      const outputs = await stage.client.task(OrderTasks, 'all').call({ ids: ['a', 'bb', 'a'] }, diary.begin());
      expect(outputs).toEqual({ lengths: [1, 2, 1], action: 'a0' });
      expect(diary.lines().toSorted()).toEqual(['a', 'a', 'bb']);
    });
  });

  it('is told what became of each, with the child, its task, the attempt and the cause', async () => {
    await stage.asAlice(async () => {
      const { results } = await stage.client.task(OrderTasks, 'settled').call({ ids: ['a', 'bad', 'ccc'] });
      const failure =
        /^task_failed items\.process 1: The child [0-9a-z]{25} of run \w+, task items\.process, attempt 1, failed: the item bad is bad$/;
      expect(results).toEqual(['1', expect.stringMatching(failure), '3']);
    });
  });

  it('that fails for a child is tried again: what was done is found, and what failed runs again', async () => {
    await stage.asAlice(async () => {
      const run = await stage.client
        .task(OrderTasks, 'all')
        .run({ ids: ['a', 'once-b', 'c'], concurrency: 1 }, diary.begin());
      expect(await run.outputs()).toEqual({ lengths: [1, 6, 1], action: 'a0' });
      expect((await run.get()).attempts).toBe(2);
      expect(diary.lines().toSorted()).toEqual(['a', 'c', 'once-b', 'once-b']);
    });
  });

  it('of another run finds what children with a cache gave, and runs those that failed', async () => {
    await stage.asAlice(async () => {
      const keep = stage.client.task(OrderTasks, 'keep');
      const ids = ['a', 'once-b', 'c', 'once-d'];
      const options = diary.begin();
      expect(await keep.call({ ids }, options)).toEqual({ failed: 2 });
      expect(await keep.call({ ids }, options)).toEqual({ failed: 0 });
      expect(diary.lines().toSorted()).toEqual(['a', 'c', 'once-b', 'once-b', 'once-d', 'once-d']);
    });
  });

  it('waits for its children where one process may run at a time, and takes no turn meanwhile', async () => {
    await using narrow = await startStage({ maxConcurrentActions: 1 });
    await narrow.asAlice(async () => {
      const runs = [['a'], ['bb', 'ccc']].map((ids) => narrow.client.task(OrderTasks, 'all').call({ ids }));
      expect((await Promise.all(runs)).map(({ lengths }) => lengths)).toEqual([[1], [2, 3]]);
    });
  });

  it('fails with what its child failed with, where nobody catches it', async () => {
    await stage.asAlice(async () => {
      const failing = stage.client.task(OrderTasks, 'all').call({ ids: ['bad'] });
      await expect(failing).rejects.toMatchObject({
        code: 'task_failed',
        message: expect.stringMatching(/^Run \w+ of orders\.all failed: The child .* failed: the item bad is bad/),
        run: { action: 'a0', task: 'orders.all' },
      });
    });
  });

  it('whose report can’t be stored has succeeded all the same', async () => {
    await stage.asAlice(async () => {
      const run = await stage.client.task(OrderTasks, 'unwritable').run({ file: 'report.html' }, diary.begin());
      expect(await run.outputs()).toEqual({ attempt: 1, item: 'rejected' });
      const log: string[] = [];
      for await (const { message } of run.logs()) log.push(message);
      expect(log.join('\n')).toMatch(/The report is not stored: .*report\.html/);
    });
  });

  it('whose outputs can’t be written is tried again as one that failed, and so is what failed in it', async () => {
    await stage.asAlice(async () => {
      const outputs = await stage.client.task(OrderTasks, 'unwritable').call({ file: 'outputs.pb' }, diary.begin());
      expect(outputs).toEqual({ attempt: 2, item: 'fulfilled' });
    });
  });
});
