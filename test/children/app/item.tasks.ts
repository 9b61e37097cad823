import { appendFileSync, readFileSync } from 'node:fs';
import { NonRecoverableError, Task, TaskContext, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

export const items = new TaskEnvironment({ name: 'items' });

const Item = z.object({ id: z.string() });

@Tasks(items)
export class ItemTasks {
  constructor(private readonly ctx: TaskContext) {}

  /** Writes a line into the file that `DIARY` names, for each time that it runs. */
  @Task({ inputs: Item, outputs: z.object({ id: z.string(), length: z.int() }) })
  async process({ id }: { id: string }) {
    const diary = process.env['DIARY'];
    if (diary !== undefined) {
      appendFileSync(diary, `${id}\n`);
      const times = readFileSync(diary, 'utf8')
        .split('\n')
        .filter((line) => line === id).length;
      if (id.startsWith('once') && times === 1) throw new Error(`the item ${id} fails at first`);
    }
    if (id.startsWith('bad')) throw new NonRecoverableError(`the item ${id} is bad`, { code: 'BadItem' });
    return { id: `${id} by ${this.ctx.action}`, length: id.length };
  }

  /** The same, and what it gave is known to later runs. */
  @Task({ inputs: Item, outputs: z.object({ id: z.string(), length: z.int() }), cache: { version: '1' } })
  async keep(item: { id: string }) {
    return this.process(item);
  }
}
