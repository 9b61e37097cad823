import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, Module } from '@nestjs/common';
import {
  FileService,
  FlyteDir,
  FlyteError,
  FlyteFile,
  FlyteModule,
  NonRecoverableError,
  Secret,
  Task,
  TaskContext,
  TaskEnvironment,
  Tasks,
} from 'nestjs-flyte';
import * as z from 'zod';
import { Parents, Pieces } from './children.tasks.js';

/** Nobody waits that long: what waits for it ends in another way. */
const LONG_MS = 2 ** 31 - 1;

/** Names of secrets, as they are stored. */
export const VARIABLE = new Secret({ key: 'flyte-suite-variable', asEnvVar: 'SUITE_VARIABLE' });
export const FILE = new Secret({ group: 'flyte-suite', key: 'flyte-suite-file', mount: '/etc/flyte/secrets' });
export const LONG_VARIABLE = new Secret({ key: 'flyte-suite-long-variable', asEnvVar: 'SUITE_LONG_VARIABLE' });
export const LONG_FILE = new Secret({ key: 'flyte-suite-long-file', mount: '/etc/flyte/secrets' });
export const MISSING = new Secret({ key: 'flyte-suite-missing', asEnvVar: 'SUITE_MISSING' });

const suite = new TaskEnvironment({ name: 'flyte-suite', envVars: { SUITE_OF: 'task' } });
const How = z.object({ how: z.string() });

/** How an action ends. */
@Tasks(suite)
export class Ends {
  constructor(private readonly context: TaskContext) {}

  @Task({ inputs: z.object({ text: z.string() }), outputs: z.object({ text: z.string() }) })
  async echo({ text }: { text: string }): Promise<{ text: string }> {
    new Logger('Suite').log(`echo of ${text.length} characters`);
    return { text };
  }

  @Task({ inputs: How, retries: 1 })
  async fail({ how }: { how: string }): Promise<void> {
    if (how === 'user') throw new TypeError('the tasks own mistake');
    if (how === 'final') throw new NonRecoverableError('never again', { code: 'BadLicence' });
    if (how === 'system') throw new FlyteError('unavailable', 'something else did not answer');
    if (how === 'exit') process.exit(3);
    if (how === 'SIGKILL') process.kill(process.pid, 'SIGKILL');
    if (how === 'abort') process.abort();
    if (how === 'rejection') void Promise.reject(new RangeError('nobody listens'));
    await sleep(LONG_MS);
  }

  /** Fails once. */
  @Task({ retries: 2 })
  recover(): void {
    if (this.context.attempt === 1) throw new Error('the first attempt');
  }

  @Task({ retries: { count: 1, backoff: { base: '1h' } } })
  patient(): void {
    throw new Error('fails each time');
  }

  @Task({ timeout: { maxQueuedTime: '1s' } })
  impatient(): void {}

  @Task({ timeout: '3s', retries: 1 })
  async slow(): Promise<void> {
    await sleep(LONG_MS, undefined, { signal: this.context.signal });
  }

  /** Never gives way. */
  @Task({ timeout: '3s', retries: 1 })
  busy(): void {
    for (;;);
  }

  /** The first attempt ends by itself, and a second one would be too late. */
  @Task({ timeout: { deadline: '3s' }, retries: 5 })
  async late(): Promise<void> {
    await sleep(1_000, undefined, { signal: this.context.signal });
    throw new Error('not done yet');
  }

  /** Long enough to be asked to end, and soon enough done where it is not. */
  @Task({ inputs: z.object({ seconds: z.number() }), outputs: z.object({ waited: z.boolean() }), retries: 1 })
  async wait({ seconds }: { seconds: number }): Promise<{ waited: boolean }> {
    new Logger('Suite').log('waiting');
    await sleep(seconds * 1_000, undefined, { signal: this.context.signal });
    return { waited: true };
  }

  /** Grows until something stops it. */
  @Task({ resources: { memory: '256Mi' }, retries: 1 })
  grow(): void {
    const held: Buffer[] = [];
    for (;;) held.push(Buffer.alloc(16 * 1024 * 1024, 1));
  }

  /** Other outputs each time that it runs. */
  @Task({ inputs: z.object({ key: z.string() }), outputs: z.object({ made: z.string() }), cache: { version: '1' } })
  async cached({ key }: { key: string }): Promise<{ made: string }> {
    return { made: `${key} ${randomUUID()}` };
  }
}

/** What an action's process is given. */
@Tasks(suite)
export class Process {
  @Task({
    secrets: [VARIABLE, FILE],
    outputs: z.object({ args: z.array(z.string()), env: z.record(z.string(), z.string()), cwd: z.string() }),
  })
  async about(): Promise<{ args: string[]; env: Record<string, string>; cwd: string }> {
    const shown = /^(_U_|_F_|SUITE_OF|FLYTE_(INTERNAL|ATTEMPT|SECRETS)|RUN_NAME|ACTION_NAME)/;
    const env = Object.entries(process.env).map(([name, value = '']) => [name, shown.test(name) ? value : '']);
    return { args: process.argv, env: Object.fromEntries(env) as Record<string, string>, cwd: process.cwd() };
  }

  @Task({
    secrets: [VARIABLE, FILE],
    outputs: z.object({ variable: z.string(), file: z.string() }),
  })
  async secrets(): Promise<{ variable: string; file: string }> {
    // Not as they are: they would lie in a store for ever.
    const [variable = '', file = ''] = [VARIABLE, FILE].map((secret) => Buffer.from(secret.read()).toString('hex'));
    return { variable, file };
  }

  @Task({ secrets: [LONG_VARIABLE, LONG_FILE], outputs: z.object({ digests: z.array(z.string()) }) })
  async long(): Promise<{ digests: string[] }> {
    return { digests: [LONG_VARIABLE, LONG_FILE].map((secret) => digestOf(secret.read())) };
  }

  @Task({ secrets: MISSING, retries: 1 })
  lacks(): void {}
}

/** What goes through the storage of an action. */
@Tasks(suite)
export class Files {
  constructor(private readonly files: FileService) {}

  @Task({
    inputs: z.object({ file: z.instanceof(FlyteFile) }),
    outputs: z.object({ bytes: z.number(), digest: z.string(), copy: z.instanceof(FlyteFile) }),
  })
  async copy({ file }: { file: FlyteFile }): Promise<{ bytes: number; digest: string; copy: FlyteFile }> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of (await this.files.open(file)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const copy = await this.files.upload(await this.files.open(file), { name: 'copy of it.bin' });
    return { bytes, digest: hash.digest('hex'), copy };
  }

  @Task({ inputs: z.object({ dir: z.instanceof(FlyteDir) }), outputs: z.object({ texts: z.array(z.string()) }) })
  async texts({ dir }: { dir: FlyteDir }): Promise<{ texts: string[] }> {
    const texts: string[] = [];
    for await (const file of this.files.list(dir)) texts.push(await this.files.text(file));
    return { texts: texts.toSorted() };
  }

  /** Outputs that are larger than Flyte takes in one message. */
  @Task({ outputs: z.object({ file: z.instanceof(FlyteFile) }) })
  async make(): Promise<{ file: FlyteFile }> {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    return { file: await this.files.upload(Readable.from(Array.from({ length: 20 }, () => chunk)), { name: 'large' }) };
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

@Module({
  imports: [FlyteModule.forRoot(), FlyteModule.forFeature([Pieces])],
  providers: [Ends, Process, Files, Pieces, Parents],
})
export class SuiteModule {}
