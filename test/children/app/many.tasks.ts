import { InjectTask, Task, TaskContext, TaskEnvironment, type TaskHandle, taskRef, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

/** A task of a shell, which takes a few milliseconds. Gives the name of its action. */
export const Quick = taskRef('quick.task', {
  version: 'v1',
  inputs: z.object({ id: z.string() }),
  outputs: z.string(),
});

@Tasks(new TaskEnvironment({ name: 'many' }))
export class ManyTasks {
  constructor(
    @InjectTask(Quick) private readonly quick: TaskHandle<typeof Quick>,
    private readonly ctx: TaskContext,
  ) {}

  @Task({
    inputs: z.object({ count: z.int(), concurrency: z.int().default(10) }),
    outputs: z.object({ names: z.array(z.string()), attempt: z.int() }),
    retries: 10,
  })
  async all({ count, concurrency = 10 }: { count: number; concurrency?: number }) {
    const ids = Array.from({ length: count }, (_, at) => ({ id: `item ${at}` }));
    const names = await this.quick.map(ids, { concurrency });
    return { names, attempt: this.ctx.attempt };
  }
}
