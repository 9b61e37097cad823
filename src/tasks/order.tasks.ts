import { setTimeout as sleep } from 'node:timers/promises';
import { Condition, InjectTask, Task, TaskContext, TaskEnvironment, type TaskHandle, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

/** Whether an order may be shipped. Answered by `POST /runs/:name/approval`. */
export const MANAGER_OK = new Condition({ name: 'manager-ok', schema: z.boolean() });

const items = new TaskEnvironment({ name: 'items' });

@Tasks(items)
export class ItemTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({
    description: 'Packs one item of an order.',
    inputs: z.object({ id: z.string() }),
    outputs: z.object({ parcel: z.string() }),
    retries: 2,
  })
  async pack({ id }: { id: string }): Promise<{ parcel: string }> {
    await sleep(500, undefined, { signal: this.context.signal });
    return { parcel: `${id} in ${this.context.action}` };
  }
}

@Tasks(new TaskEnvironment({ name: 'orders', dependsOn: [items] }))
export class OrderTasks {
  constructor(
    @InjectTask(ItemTasks, 'pack') private readonly pack: TaskHandle<ItemTasks['pack']>,
    private readonly context: TaskContext,
  ) {}

  @Task({
    description: 'Has each item packed, asks a manager, and writes the note that goes with the parcels.',
    inputs: z.object({ ids: z.array(z.string()).min(1) }),
    outputs: z.object({ parcels: z.array(z.string()), note: z.string() }),
    retries: 3,
  })
  async ship({ ids }: { ids: string[] }): Promise<{ parcels: string[]; note: string }> {
    const packed = await this.pack.map(
      ids.map((id) => ({ id })),
      { concurrency: 10 },
    );
    const ok = await MANAGER_OK.wait({ prompt: `Ship ${ids.length} parcels?` });
    const note = await this.context.trace('note', { ok }, () =>
      ok ? `shipped on ${new Date().toISOString()}` : 'held',
    );
    return { parcels: packed.map(({ parcel }) => parcel), note };
  }
}
