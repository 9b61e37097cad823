import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Body, Controller, Injectable, Module, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  authMetadata,
  FlyteClient,
  FlyteError,
  FlyteModule,
  InjectTask,
  RunService,
  Secret,
  SecretService,
  Task,
  TaskEnvironment,
  TaskHandle,
  taskRef,
  Tasks,
  UserService,
} from 'nestjs-flyte';
import { fakeTask, FlyteTestingModule, runTask, TaskCodec } from 'nestjs-flyte/testing';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { startApp } from '../support/app.js';
import { bearer } from '../support/http.js';
import { FakeFlyte } from './fake-flyte.js';

// The code of docs/secrets-in-tasks.md: every snippet there is a region here.

const signWith = (key: string, text: string): string => Buffer.from(`${key}:${text}`).toString('base64');

// #region declare
const OPENAI = new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' });
const SSH = new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' });
const signing = new TaskEnvironment({ name: 'signing', secrets: SSH });

@Tasks(signing)
export class SigningTasks {
  @Task({ inputs: z.object({ text: z.string() }), outputs: z.object({ signature: z.string() }) })
  async sign({ text }: { text: string }) {
    return { signature: signWith(SSH.read(), text) };
  }

  @Task({ secrets: OPENAI, timeout: '5m', retries: 2, outputs: z.object({ used: z.string() }) })
  async summarize() {
    return { used: process.env['OPENAI_API_KEY'] ?? '' };
  }
}
// #endregion

// #region module
@Module({ providers: [SigningTasks] })
export class TasksModule {}
// #endregion

// #region store
@Injectable()
export class SecretSetup {
  constructor(private readonly secrets: SecretService) {}

  async store(key: string, pem: Uint8Array) {
    await this.secrets.put(OPENAI, key); // under its key, in the project and domain of FlyteModule
    await this.secrets.put('ssh-key', pem, { scope: 'domain' }); // for every project of the domain
  }
}
// #endregion

// #region run
@Controller('sign')
export class SignController {
  constructor(@InjectTask(SigningTasks, 'sign') private readonly sign: TaskHandle<SigningTasks['sign']>) {}

  @Post()
  async post(@Body() { text, order }: { text: string; order: string }) {
    const run = await this.sign.run({ text }, { idempotencyKey: order });
    const { signature } = await run.outputs({ timeoutMs: 20_000 });
    return { run: run.name, signature };
  }
}
// #endregion

// #region ref
const Embed = taskRef('rag.embed', {
  inputs: z.object({ doc: z.string(), model: z.string().default('small') }),
  outputs: z.array(z.number()),
});

@Injectable()
export class Embedder {
  constructor(@InjectTask(Embed) private readonly embed: TaskHandle<typeof Embed>) {}

  async dimensions(doc: string) {
    return (await this.embed.call({ doc })).length;
  }
}
// #endregion

// #region follow
@Injectable()
export class RunPrinter {
  constructor(private readonly runs: RunService) {}

  async print(run: string, line: (text: string) => void) {
    for await (const { message } of this.runs.logs(run)) line(message);
    const { phase, error } = await this.runs.get(run);
    line(error ? `${phase}: ${error.message}` : phase);
  }
}
// #endregion

// #region manual
@Injectable()
export class Nightly {
  constructor(private readonly users: UserService) {}

  async subject(token: string) {
    return authMetadata({ authorization: `Bearer ${token}` }, async () => (await this.users.get()).subject);
  }
}
// #endregion

const guide = readFileSync(join(import.meta.dirname, '../../docs/secrets-in-tasks.md'), 'utf8');
const source = readFileSync(import.meta.filename, 'utf8');
const snippets = [...guide.matchAll(/<!-- (\w+) -->\n\n```ts\n(.*?)```/gs)].map(([, region = '', code = '']) => ({
  region,
  code,
}));

describe('docs/secrets-in-tasks.md', () => {
  it('takes every snippet from here', () => {
    expect(snippets.length).toBeGreaterThan(5);
    expect(snippets).toHaveLength(guide.split('```ts\n').length - 1);
  });

  it.each(snippets)('shows $region as it is', ({ region, code }) => {
    const [, indent = '', body = ''] =
      new RegExp(`^( *)// #region ${region}\\n(.*?)^ *// #endregion$`, 'ms').exec(source) ?? [];
    expect(body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')).toBe(code);
  });

  it('quotes every message word for word', () => {
    const said = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        return error instanceof FlyteError ? error.message : String(error);
      }
      return 'nothing';
    };
    const messages = [
      said(() => new Secret({ key: 'my-api-key', asEnvVar: 'my-api-key' })),
      said(() => new Secret({ key: 'ssh-key', mount: '/tmp/secrets' })),
      said(() => new Secret({ key: 'my-api-key' }).read({})),
    ];
    const quoted = [...guide.matchAll(/^> (.+)$/gm)].map(([, message]) => message);
    expect(quoted).toEqual(messages);
  });

  it('works: stored, run as the caller, injected', async () => {
    const plane = await FakeFlyte.start();
    using _ = builtApp('dist/src/tasks.module.js');
    const imports = [
      // #region root
      FlyteModule.forRoot({
        passthrough: true,
        endpoint: plane.url,
        project: 'flytesnacks',
        domain: 'development',
        tasks: { module: './dist/src/tasks.module.js#TasksModule' },
      }),
      FlyteModule.forFeature([SigningTasks, Embed]),
      // #endregion
    ];
    const providers = [SecretSetup, Embedder, RunPrinter, Nightly];
    const { app, url } = await startApp({ imports, providers, controllers: [SignController] });
    const alice = bearer('alice');
    await authMetadata(alice, () => app.get(SecretSetup).store('key', Uint8Array.of(1)));
    expect([...plane.secrets.keys()]).toEqual(['development/flytesnacks/openai-key', 'development//ssh-key']);

    const answering = fetch(`${url}/sign`, {
      method: 'POST',
      headers: { ...alice, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'x', order: '1' }),
    });
    await expect.poll(() => plane.open.length).toBe(1);
    const { literals } = await new TaskCodec({ outputs: z.object({ signature: z.string() }) }).encodeOutputs({
      signature: 'abc',
    });
    plane.run.log('hello');
    plane.run.succeed(literals);
    const answer = await answering;
    expect(await answer.json()).toEqual({ run: plane.run.name, signature: 'abc' });
    expect(new Set(plane.calls.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer alice']));

    const lines: string[] = [];
    await authMetadata(alice, () => app.get(RunPrinter).print(plane.run.name, (line) => lines.push(line)));
    expect(lines).toEqual(['hello', 'succeeded']);
    await app.close();
    await plane.close();
  });

  it('tests tasks and their callers without a network', async () => {
    // #region test
    const module = await Test.createTestingModule({
      imports: [FlyteTestingModule.forRoot({ user: { subject: 'alice' } })],
      controllers: [SignController],
      providers: [fakeTask(SigningTasks, 'sign', async ({ text }) => ({ signature: `signed ${text}` }))],
    }).compile();
    const answer = await module.get(SignController).post({ text: 'x', order: '1' });
    const real = await runTask(new SigningTasks(), 'sign', { text: 'x' }, { secrets: [[SSH, 'pem']] });
    // #endregion
    expect(answer.signature).toBe('signed x');
    expect(real.signature).toBe(signWith('pem', 'x'));
    expect(await runTask(new SigningTasks(), 'summarize', undefined, { secrets: [[OPENAI, 'k']] })).toEqual({
      used: 'k',
    });
    const embedding = await Test.createTestingModule({
      imports: [FlyteTestingModule.forRoot({ user: { subject: 'alice' } })],
      providers: [Embedder, Nightly, fakeTask(Embed, ({ model }) => (model === 'small' ? [1, 2] : []))],
    }).compile();
    expect(await embedding.get(Embedder).dimensions('text')).toBe(2);
    expect(await embedding.get(Nightly).subject('token')).toBe('alice');
    expect(module.get(FlyteClient).task(SigningTasks, 'sign').name).toBe('signing.sign');
  });
});

/** The working directory of an app that has been built, until it is disposed of. */
function builtApp(file: string): Disposable {
  const root = mkdtempSync(join(tmpdir(), 'app-'));
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '');
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(root);
  return {
    [Symbol.dispose]() {
      cwd.mockRestore();
      rmSync(root, { recursive: true });
    },
  };
}
