import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  Condition,
  FlyteError,
  InjectTask,
  NonRecoverableError,
  Task,
  TaskContext,
  TaskEnvironment,
  type TaskHandle,
  Tasks,
} from 'nestjs-flyte';
import * as z from 'zod';

export const APPROVED = new Condition({ name: 'approved', schema: z.boolean() });

export const pieces = new TaskEnvironment({ name: 'flyte-suite-pieces' });
const Piece = z.object({ id: z.string(), seconds: z.number().default(0) });

@Tasks(pieces)
export class Pieces {
  constructor(private readonly context: TaskContext) {}

  @Task({ inputs: Piece, outputs: z.object({ id: z.string(), action: z.string(), at: z.number() }) })
  async make({ id, seconds = 0 }: { id: string; seconds?: number }) {
    new Logger('Suite').log(`makes ${id}`);
    if (id.startsWith('bad')) throw new NonRecoverableError(`${id} cannot be made`, { code: 'BadPiece' });
    await sleep(seconds * 1_000, undefined, { signal: this.context.signal });
    return { id, action: this.context.action, at: Date.now() };
  }
}

const Ids = z.object({ ids: z.array(z.string()) });

@Tasks(new TaskEnvironment({ name: 'flyte-suite-parents', dependsOn: [pieces] }))
export class Parents {
  constructor(
    @InjectTask(Pieces, 'make') private readonly piece: TaskHandle<Pieces['make']>,
    private readonly context: TaskContext,
  ) {}

  /** Dies after so many pieces are there, in its first attempts. */
  @Task({
    inputs: z.object({ ids: z.array(z.string()), deaths: z.int().default(0) }),
    outputs: z.object({
      made: z.array(z.object({ id: z.string(), action: z.string(), at: z.number() })),
      attempt: z.int(),
    }),
    retries: 3,
  })
  async all({ ids, deaths = 0 }: { ids: string[]; deaths?: number }) {
    const half = Math.ceil(ids.length / 2);
    const first = await this.piece.map(ids.slice(0, half).map((id) => ({ id })));
    if (this.context.attempt <= deaths) process.kill(process.pid, 'SIGKILL');
    const rest = await this.context.group('rest', () => this.piece.map(ids.slice(half).map((id) => ({ id }))));
    return { made: [...first, ...rest], attempt: this.context.attempt };
  }

  @Task({ inputs: Ids, outputs: z.object({ results: z.array(z.string()) }) })
  async settled({ ids }: { ids: string[] }) {
    const settled = await this.piece.mapSettled(
      ids.map((id) => ({ id })),
      { concurrency: 2 },
    );
    const results = settled.map((one) => {
      if (one.status === 'fulfilled') return one.value.id;
      const error: unknown = one.reason;
      return FlyteError.is(error)
        ? `${error.code}, ${error.run?.task}, ${error.run?.attempt}: ${error.message}`
        : 'none';
    });
    return { results };
  }

  /** A step that says when it was taken, and dies after it once. */
  @Task({ outputs: z.object({ at: z.number(), attempt: z.int() }), retries: 2 })
  async step() {
    const at = await this.context.trace('now', {}, () => Date.now());
    if (this.context.attempt === 1) throw new Error(`taken at ${at}`);
    return { at, attempt: this.context.attempt };
  }

  @Task({ outputs: z.object({ approved: z.boolean() }), retries: 1 })
  async ask() {
    const approved = await APPROVED.wait({ prompt: 'Is it *fine*?', markdown: true });
    if (this.context.attempt === 1) throw new Error('once more');
    return { approved };
  }

  @Task({ outputs: z.object({ code: z.string() }) })
  async impatient() {
    const error = await APPROVED.wait({ prompt: 'Now?', timeout: '2s' }).catch((reason: unknown) => reason);
    return { code: FlyteError.is(error) ? error.code : 'answered' };
  }

  /** Calls one that would take an hour. */
  @Task({ outputs: z.object({ code: z.string() }) })
  async abandoned() {
    const signal = AbortSignal.timeout(3_000);
    const error = await this.piece.call({ id: 'slow', seconds: 3_600 }, { signal }).catch((reason: unknown) => reason);
    return { code: error === signal.reason ? 'as told' : String(error) };
  }

  @Task()
  async endless(): Promise<void> {
    await this.piece.call({ id: 'endless', seconds: 3_600 });
  }
}
