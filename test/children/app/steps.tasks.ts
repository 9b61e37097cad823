import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Condition, FlyteError, NonRecoverableError, Task, TaskContext, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

export const MANAGER_OK = new Condition({ name: 'manager-ok', schema: z.boolean() });
export const PRICE = new Condition({ name: 'price', schema: z.number().min(10) });

const Text = z.object({ text: z.string() });

@Tasks(new TaskEnvironment({ name: 'steps' }))
export class StepTasks {
  constructor(private readonly ctx: TaskContext) {}

  /** Takes two steps, and dies after the first as often as `deaths` says. */
  @Task({ inputs: z.object({ deaths: z.int() }), outputs: z.object({ said: z.array(z.string()) }), retries: 3 })
  async note({ deaths }: { deaths: number }) {
    const one = await this.ctx.trace('one', { of: [1, 'two'] }, () => diary('one', { at: 7, list: [1n, null] }));
    if (this.ctx.attempt <= deaths) process.kill(process.pid, 'SIGKILL');
    const two = await this.ctx.trace('one', { of: [2] }, () => diary('two', undefined));
    return {
      said: [
        JSON.stringify(one, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
        String(two),
      ],
    };
  }

  /** A step that fails: for good, or so that another try may succeed. */
  @Task({ inputs: z.object({ forGood: z.boolean() }), outputs: Text, retries: 2 })
  async failing({ forGood }: { forGood: boolean }) {
    const step = () => {
      appendFileSync(process.env['DIARY'] ?? '', 'tried\n');
      if (forGood) throw new NonRecoverableError('never', { code: 'Never' });
      if (this.ctx.attempt === 1) throw new Error('not now');
      return 'now';
    };
    const text = await this.ctx.trace('failing', {}, step).catch((error: unknown) => {
      if (this.ctx.attempt === 1) throw new Error('first attempt');
      return error instanceof Error ? `${error.name}: ${error.message}` : '';
    });
    return { text };
  }

  @Task({ inputs: z.object({ timeout: z.boolean() }), outputs: Text, retries: 1 })
  async ask({ timeout }: { timeout: boolean }) {
    if (timeout) {
      const late = await MANAGER_OK.wait({ prompt: 'Now?', timeout: '100ms' }).catch((error: unknown) => error);
      return { text: FlyteError.is(late) ? late.code : 'answered' };
    }
    const ok = await MANAGER_OK.wait({ prompt: 'Ship 50?' });
    if (this.ctx.attempt === 1) process.kill(process.pid, 'SIGKILL');
    return { text: `${ok} in attempt ${this.ctx.attempt}` };
  }

  @Task({ outputs: z.object({ price: z.number() }) })
  async price() {
    return { price: await PRICE.wait({ prompt: 'How much?' }) };
  }

  /** Goes on from where the last attempt came to; the second leaves nothing. */
  @Task({ outputs: Text, retries: 3 })
  async goOn() {
    const { attempt, checkpoint } = this.ctx;
    const before = attempt === 2 ? undefined : await checkpoint.read<{ upTo: number }>();
    if (attempt === 1) await checkpoint.write({ upTo: 10 });
    if (attempt < 3) throw new Error('again');
    if (attempt === 3) {
      await checkpoint.write(new Uint8Array([1, 2]));
      const own = await checkpoint.read<Uint8Array>();
      return { text: `${before?.upTo} ${own instanceof Uint8Array && own.length}` };
    }
    return { text: '' };
  }

  @Task()
  async tell() {
    this.ctx.report.text('a <b>').html('<b>bold</b>');
    await this.ctx.report.flush();
    this.ctx.report.tab('more & more').text('later');
    this.ctx.progress(3, 50);
    await this.ctx.group('night', () => this.ctx.trace('grouped', {}, () => 1));
    await sleep(1);
  }
}

function diary<T>(line: string, value: T): T {
  appendFileSync(process.env['DIARY'] ?? '', `${line}\n`);
  return value;
}
