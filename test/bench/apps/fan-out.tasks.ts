// Parents of many children, which are scripts of a shell: what is measured is the parent, and the plane.
import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import {
  FlyteModule,
  InjectTask,
  Task,
  TaskContext,
  TaskEnvironment,
  type TaskHandle,
  taskRef,
  Tasks,
} from 'nestjs-flyte';
import * as z from 'zod';

/** Is deployed by the row that measures. */
export const Script = taskRef('bench.script', { version: 'v1', inputs: z.object({ id: z.string() }) });

const Count = z.object({ count: z.int() });

@Tasks(new TaskEnvironment({ name: 'fan-out' }))
export class FanOutTasks {
  constructor(
    @InjectTask(Script) private readonly script: TaskHandle<typeof Script>,
    private readonly ctx: TaskContext,
  ) {}

  /** Waits for all of them. */
  @Task({ inputs: Count })
  async all({ count }: z.infer<typeof Count>): Promise<void> {
    await this.calls(count);
  }

  /** Gives the bytes of its heap for each child that it waits for, once a file says that all of them are. */
  @Task({ inputs: Count.extend({ file: z.string() }), outputs: z.number() })
  async heapOfEach({ count, file }: { count: number; file: string }): Promise<number> {
    const before = heap();
    const giveUp = new AbortController();
    const calls = this.calls(count, giveUp.signal).catch(() => undefined);
    // oxlint-disable-next-line no-await-in-loop -- a measurement, not a product
    while (!existsSync(file)) await sleep(50);
    const bytes = (heap() - before) / count;
    giveUp.abort();
    await calls;
    return bytes;
  }

  /** Dies when all are done; the next attempt gives the seconds that it took to find them. */
  @Task({ inputs: Count, outputs: z.number(), retries: 1 })
  async resumed({ count }: z.infer<typeof Count>): Promise<number> {
    const began = performance.now();
    await this.calls(count);
    if (this.ctx.attempt === 1) process.kill(process.pid, 'SIGKILL');
    return (performance.now() - began) / 1e3;
  }

  private async calls(count: number, signal?: AbortSignal): Promise<void> {
    const inputs = Array.from({ length: count }, (_, at) => ({ id: `item ${at}` }));
    await this.script.map(inputs, { concurrency: count, ...(signal && { signal }) });
  }
}

/** Bytes of what is alive. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times++) collect();
  return process.memoryUsage().heapUsed;
}

@Module({ imports: [FlyteModule.forRoot({}), FlyteModule.forFeature([Script])], providers: [FanOutTasks] })
export class FanOutModule {}
