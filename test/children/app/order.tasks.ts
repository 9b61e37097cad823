import { mkdirSync } from 'node:fs';
import { FlyteError, InjectTask, Task, TaskContext, TaskEnvironment, type TaskHandle, Tasks } from 'nestjs-flyte';
import * as z from 'zod';
import { ItemTasks, items } from './item.tasks.js';

const Ids = z.object({ ids: z.array(z.string()), concurrency: z.int().default(10) });

@Tasks(new TaskEnvironment({ name: 'orders', dependsOn: [items] }))
export class OrderTasks {
  constructor(
    @InjectTask(ItemTasks, 'process') private readonly item: TaskHandle<ItemTasks['process']>,
    @InjectTask(ItemTasks, 'keep') private readonly kept: TaskHandle<ItemTasks['keep']>,
    private readonly ctx: TaskContext,
  ) {}

  @Task({ inputs: Ids, outputs: z.object({ lengths: z.array(z.int()), action: z.string() }), retries: 3 })
  async all({ ids, concurrency = 10 }: { ids: string[]; concurrency?: number }) {
    const done = await this.item.map(
      ids.map((id) => ({ id })),
      { concurrency },
    );
    return { lengths: done.map(({ length }) => length), action: this.ctx.action };
  }

  @Task({ inputs: Ids, outputs: z.object({ results: z.array(z.string()) }) })
  async settled({ ids }: { ids: string[]; concurrency?: number }) {
    const settled = await this.item.mapSettled(
      ids.map((id) => ({ id })),
      { concurrency: 2 },
    );
    return {
      results: settled.map((one) => {
        if (one.status === 'fulfilled') return String(one.value.length);
        const error: unknown = one.reason;
        return FlyteError.is(error)
          ? `${error.code} ${error.run?.task} ${error.run?.attempt}: ${error.message}`
          : 'no FlyteError';
      }),
    };
  }

  /** How many items failed, of those that are known to later runs once they are done. */
  @Task({ inputs: Ids, outputs: z.object({ failed: z.int() }) })
  async keep({ ids }: { ids: string[]; concurrency?: number }) {
    const settled = await this.kept.mapSettled(ids.map((id) => ({ id })));
    return { failed: settled.filter(({ status }) => status === 'rejected').length };
  }

  /** Tells what became of an item that fails at first, and keeps a file of the first attempt from being written. */
  @Task({
    inputs: z.object({ file: z.string() }),
    outputs: z.object({ attempt: z.int(), item: z.string() }),
    retries: 1,
  })
  async unwritable({ file }: { file: string }) {
    const [item] = await this.item.mapSettled([{ id: 'once' }]);
    this.ctx.report.text('told');
    const folder = process.argv[process.argv.indexOf('--outputs-path') + 1];
    if (this.ctx.attempt === 1) mkdirSync(new URL(`${folder}/${file}`), { recursive: true });
    return { attempt: this.ctx.attempt, item: item?.status ?? '' };
  }
}
