import { Body, Controller, Param, Post } from '@nestjs/common';
import {
  Condition,
  InjectTask,
  RunService,
  Task,
  TaskContext,
  TaskEnvironment,
  type TaskHandle,
  Tasks,
} from 'nestjs-flyte';
import * as z from 'zod';

// The code of docs/children.md: every snippet there is a region here, or in the test beside it.

const writeNote = async (ok: boolean, packed: number): Promise<string> => (ok ? `${packed} shipped` : 'held');
const importPage = async (_page: number): Promise<void> => undefined;

// #region tasks
export const MANAGER_OK = new Condition({ name: 'manager-ok', schema: z.boolean() });

export const items = new TaskEnvironment({ name: 'items' });

@Tasks(items)
export class ItemTasks {
  @Task({ inputs: z.object({ id: z.string() }), outputs: z.object({ parcel: z.string() }), retries: 2 })
  async pack({ id }: { id: string }) {
    return { parcel: `parcel of ${id}` };
  }
}

@Tasks(new TaskEnvironment({ name: 'orders', dependsOn: [items] })) // deployed together
export class OrderTasks {
  constructor(
    @InjectTask(ItemTasks, 'pack') private readonly pack: TaskHandle<ItemTasks['pack']>,
    private readonly ctx: TaskContext,
  ) {}

  @Task({ inputs: z.object({ ids: z.array(z.string()) }), outputs: z.object({ note: z.string() }), retries: 2 })
  async ship({ ids }: { ids: string[] }) {
    const settled = await this.pack.mapSettled(
      ids.map((id) => ({ id })),
      { concurrency: 10 },
    );
    const packed = settled.filter(({ status }) => status === 'fulfilled').length;
    const ok = await MANAGER_OK.wait({ prompt: `Ship ${packed} of ${ids.length}?`, timeout: '2d' });
    const note = await this.ctx.trace('note', { ok, packed }, () => writeNote(ok, packed)); // recorded: not written twice
    return { note };
  }
}
// #endregion

// #region answer
@Controller('orders')
export class OrdersController {
  constructor(private readonly runs: RunService) {}

  @Post(':run/approval')
  async approve(@Param('run') run: string, @Body('ok') ok: boolean) {
    await this.runs.attach(run).signal(MANAGER_OK, ok); // as whoever made this request
  }
}
// #endregion

// #region more
@Tasks(items)
export class ImportTasks {
  constructor(private readonly ctx: TaskContext) {}

  @Task({ inputs: z.object({ pages: z.int() }), retries: 3 })
  async import({ pages }: { pages: number }) {
    let page = (await this.ctx.checkpoint.read<number>()) ?? 0; // where the attempt before was
    for (; page < pages; page += 1) {
      this.ctx.signal.throwIfAborted();
      await importPage(page);
      await this.ctx.checkpoint.write(page + 1); // bytes, or what JSON could hold: 64 MiB at most
      this.ctx.progress(page + 1, pages); // a line of the log
    }
    this.ctx.report.text(`${pages} pages`).tab('raw').html('<b>done</b>'); // text is escaped; run.report() gives it
  }
}
// #endregion
