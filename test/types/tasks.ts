// What the compiler must refuse, and what it must let pass. `tsc -p .` reads this file; nothing runs it. A refusal that no
// longer happens is itself an error: its @ts-expect-error is then unused.
import {
  Condition,
  cron,
  fixedRate,
  FlyteDir,
  FlyteFile,
  FlyteModule,
  InjectTask,
  Task,
  TaskContext,
  TaskEnvironment,
  taskRef,
  Tasks,
  type FlyteClient,
  type Run,
  type TaskHandle,
} from 'nestjs-flyte';
import { fakeTask, runTask } from 'nestjs-flyte/testing';
import * as z from 'zod';

const Text = z.object({ text: z.string() });
const Train = taskRef('training.train', {
  inputs: z.object({
    epochs: z.int().default(3),
    at: z.iso
      .datetime()
      .transform((at) => new Date(at))
      .optional(),
  }),
  outputs: z.number(),
});

@Tasks(new TaskEnvironment({ name: 'types' }))
class A {
  @Task({ inputs: Text, outputs: Text }) async ok({ text }: { text: string }) {
    return { text };
  }
  @Task({ inputs: Text, outputs: z.object({ n: z.number() }) }) async count({ text }: { text: string }) {
    return { n: text.length };
  }
  @Task() async plain() {
    void process.env;
  }
  @Task({ outputs: z.array(z.number()) }) synchronous() {
    return [1];
  }
  @Task(Train, { retries: 2, timeout: '5m' }) async train({ epochs, at }: { epochs: number; at?: Date | undefined }) {
    return epochs + (at?.getTime() ?? 0);
  }

  @Task({
    inputs: Text,
    triggers: [cron('@daily', { inputs: { text: 'x' } }), fixedRate('1h', { kickoffTimeInput: 'text' })],
  })
  async triggered({ text }: { text: string }) {
    void text;
  }
  @Task(Train, { triggers: [cron('@daily', { inputs: { epochs: 3 } })] }) async trigger({
    epochs,
  }: {
    epochs: number;
  }) {
    return epochs;
  }
  // @ts-expect-error -- what a trigger gives is of another type
  @Task({ inputs: Text, triggers: [cron('@daily', { inputs: { text: 1 } })] }) async wronglyTriggered({
    text,
  }: {
    text: string;
  }) {
    void text;
  }
  // @ts-expect-error -- a trigger of a contract gives another type
  @Task(Train, { triggers: [fixedRate('1h', { inputs: { epochs: '3' } })] }) async wrongTrigger({
    epochs,
  }: {
    epochs: number;
  }) {
    return epochs;
  }
  // @ts-expect-error -- a length of time without its unit
  @Task({ triggers: [fixedRate('5')] }) async noUnit() {
    void process.env;
  }

  // @ts-expect-error -- wrong input type
  @Task({ inputs: Text }) async wrongInput({ text }: { text: number }) {
    void text;
  }
  // @ts-expect-error -- an input that nobody sends
  @Task({ inputs: Text }) async extraInput(inputs: { text: string; more?: string }) {
    void inputs;
  }
  // @ts-expect-error -- inputs without a schema
  @Task() async noSchema(inputs: { text: string }) {
    void inputs;
  }
  // @ts-expect-error -- the value would be lost
  @Task() async lost() {
    return 'lost';
  }
  // @ts-expect-error -- wrong output type
  @Task({ outputs: Text }) async wrongOutput() {
    return { text: 1 };
  }
  // @ts-expect-error -- an output is missing
  @Task({ outputs: Text }) async missingOutput() {
    return {};
  }
  // @ts-expect-error -- `debug` would be stripped, yet promised to callers
  @Task({ outputs: Text }) async extraOutput() {
    return { text: '', debug: 1 };
  }
  // @ts-expect-error -- a caller sends a string, the method's type says Date
  @Task({ inputs: z.object({ at: z.iso.datetime().transform((s) => new Date(s)) }) }) async transformed(i: {
    at: Date;
  }) {
    void i;
  }
  // @ts-expect-error -- the contract says number
  @Task(Train) async wrongContract({ epochs }: { epochs: number }) {
    return String(epochs);
  }
  // @ts-expect-error -- a contract's name is its own
  @Task(Train, { name: 'other' }) async renamed({ epochs }: { epochs: number }) {
    return epochs;
  }
  // @ts-expect-error -- a bare number: seconds or milliseconds?
  @Task({ timeout: 300 }) async bareTimeout() {
    void 0;
  }
  // @ts-expect-error -- no unit
  @Task({ timeout: '300' }) async unitless() {
    void 0;
  }
  // @ts-expect-error -- no such option
  @Task({ retry: 3 }) async unknownOption() {
    void 0;
  }
}

const OK = new Condition({ name: 'ok', schema: z.boolean() });

export class B {
  constructor(
    readonly ctx: TaskContext,
    @InjectTask(A, 'ok') readonly ok: TaskHandle<A['ok']>,
    @InjectTask(A, 'plain') readonly plain: TaskHandle<A['plain']>,
    @InjectTask(Train) readonly train: TaskHandle<typeof Train>,
    // @ts-expect-error -- another task's handle
    @InjectTask(A, 'ok') readonly other: TaskHandle<A['count']>,
    // @ts-expect-error -- no such method
    @InjectTask(A, 'okk') readonly typo: TaskHandle<A['ok']>,
    // @ts-expect-error -- a contract's handle for a method's
    @InjectTask(Train) readonly mixed: TaskHandle<A['ok']>,
  ) {}

  async calls(flyte: FlyteClient) {
    const run: Run<{ text: string }> = await this.ok.run({ text: 'x' }, { idempotencyKey: 'order-1' });
    const { text }: { text: string } = await run.outputs({ timeoutMs: 1_000 });
    const n: number = await this.train.call();
    const m: number = await this.train.call({ epochs: 1 });
    const nothing: void = await this.plain.call();
    const attached: Run<{ text: string }> = this.ok.attach('r1');
    const mapped: { text: string }[] = await this.ok.map([{ text: 'x' }], { concurrency: 2 });
    const settled: PromiseSettledResult<number>[] = await this.train.mapSettled([{ epochs: 1 }, {}]);
    const isOk: boolean = await OK.wait({ prompt: 'Well?', timeout: '5m' });
    await run.signal(OK, true);
    const traced: { n: number } = await this.ctx.trace('step', { text }, () => ({ n: 1 }));
    const grouped: Promise<string> = this.ctx.group('g', async () => text);
    // @ts-expect-error -- the condition's answer is a boolean
    await run.signal(OK, 'yes');
    // @ts-expect-error -- a bare number has no unit
    await OK.wait({ prompt: 'Well?', timeout: 5 });
    // @ts-expect-error -- a wrong input among many
    await this.ok.map([{ text: 'x' }, { text: 1 }]);
    // @ts-expect-error -- many calls are not one run
    await this.ok.map([{ text: 'x' }], { idempotencyKey: 'order-1' });
    const byClass: Run<{ text: string }> = await flyte.task(A, 'ok').run({ text });
    const byRef: number = await flyte.task(Train).call({ at: '2026-01-01T00:00:00Z' });
    const created: Run<number> = await flyte.runs.create(Train, { epochs: 3 });
    // @ts-expect-error -- inputs are needed
    await this.ok.run();
    // @ts-expect-error -- a wrong input
    await this.ok.run({ text: 1 });
    // @ts-expect-error -- a caller sends text, not the Date it becomes
    await this.train.run({ at: new Date() });
    // @ts-expect-error -- the run gives text
    const wrong: Run<{ text: number }> = await this.ok.run({ text: 'x' });
    // @ts-expect-error -- no inputs
    await this.plain.run({ text: 'x' });
    // @ts-expect-error -- a stand-in of another task
    const ok: TaskHandle<A['ok']> = this.plain;
    // @ts-expect-error -- no such method
    flyte.task(A, 'okk');
    // @ts-expect-error -- a directory is no file
    await flyte.files.text(new FlyteDir({ uri: 's3://bucket/folder' }));
    // @ts-expect-error -- a file is no directory
    flyte.files.list(new FlyteFile({ uri: 's3://bucket/file' }));
    return [n, m, nothing, attached, byClass, byRef, created, wrong, ok, mapped, settled, isOk, traced, grouped];
  }
}

export const features = FlyteModule.forFeature([A, Train]);
// @ts-expect-error -- neither a class nor a contract
FlyteModule.forFeature(['A']);

export const fakes = [
  fakeTask(A, 'ok', async ({ text }) => ({ text: text.toUpperCase() })),
  fakeTask(A, 'plain', () => undefined),
  fakeTask(Train, ({ epochs, at }) => epochs + (at?.getTime() ?? 0)),
  // @ts-expect-error -- a wrong output
  fakeTask(A, 'ok', () => ({ text: 1 })),
  // @ts-expect-error -- no such method
  fakeTask(A, 'okk', () => ({ text: '' })),
];

export async function direct(): Promise<string> {
  // @ts-expect-error -- a wrong input
  await runTask(new A(), 'ok', { text: 1 });
  await runTask(new A(), 'plain');
  return (await runTask(new A(), 'ok', { text: 'x' }, { secrets: [['k', 'v']] })).text;
}
