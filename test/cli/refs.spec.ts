import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { create, fromBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { FlyteDir, FlyteFile } from 'nestjs-flyte';
import { TaskSpecSchema, type TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import { TaskCodec } from 'nestjs-flyte/testing';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { startPlane } from '../support/plane.js';
import { Cli, createApp, MODULE } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const execute = promisify(execFile);
const PROJECT = { project: 'flytesnacks', domain: 'development' };
const Fixture = z.object({ tasks: z.record(z.string(), z.base64()) });
const Answer = z.object({ changed: z.boolean(), refs: z.array(z.object({ task: z.string(), name: z.string() })) });

const Row: z.ZodType = z.lazy(() => z.union([z.string(), z.array(Row)]));

/** A class that refers to itself by each kind of type, so that the file has to say all their types. */
const Knot = z.object({
  name: z.string(),
  get some(): z.ZodArray<z.ZodType> {
    const leaves = [
      ...[z.string(), z.string().min(1), z.int(), z.int().min(1), z.bigint(), z.number(), z.boolean(), z.null()],
      ...[z.iso.datetime(), z.iso.datetime({ offset: true }), z.iso.date(), z.iso.duration(), z.instanceof(Uint8Array)],
      ...[z.instanceof(FlyteFile), z.instanceof(FlyteDir), z.enum(['a', 'b']), z.literal(1), z.literal([true, 2])],
      ...[
        z.array(z.unknown()),
        z.record(z.string(), z.json()),
        z.tuple([z.int()], z.string()),
        z.looseObject({ a: z.int() }),
      ],
      z.object({ inner: z.string().default('x'), 'a b': z.int().optional() }).catchall(z.string()),
    ];
    return z.array(z.union([...leaves, Knot]));
  },
  get map(): z.ZodType {
    return z.record(z.string(), z.tuple([z.int(), Knot, z.object({ knot: Knot.nullable().default(null) })]));
  },
  get other(): z.ZodType {
    return z
      .object({ knots: z.array(Knot).min(1).optional(), by: z.record(z.string(), Knot).default({}) })
      .catchall(Knot);
  },
  json: z.json(),
  rows: z.array(Row),
});

/** What the app calls tasks by: its types come from the file of refs. */
const CALL = `
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { authMetadata, FlyteModule, InjectTask, TaskHandle } from 'nestjs-flyte';
import { Knot, Recursive, Repeat } from './refs.js';

@Injectable()
class Caller {
  constructor(@InjectTask(Repeat) readonly repeat: TaskHandle<typeof Repeat>) {}
}
@Module({
  imports: [FlyteModule.forRoot({ passthrough: true }), FlyteModule.forFeature([Repeat, Recursive, Knot])],
  providers: [Caller],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const { repeat } = app.get(Caller);
const token = process.env['TOKEN'] ?? '';
await authMetadata({ authorization: \`Bearer \${token}\` }, async () => {
  // @ts-expect-error a number where text is taken
  const refused: unknown = await repeat.run({ text: 5 }).catch((error: unknown) => error);
  const run = await repeat.run({ text: 'ab', more: [1, 2.5] });
  const { text, more, word }: { text: string; more: string; word: string } = await run.outputs();
  console.log(JSON.stringify({ refused: refused instanceof Error && refused.message, text, more, word }));
});
await app.close();
`;

const app = createApp();
let plane: LocalControlPlane;
let cli: Cli;
let token: string;
let deploy: (spec: TaskSpec) => Promise<void>;
const refs = join(app.root, 'src/refs.ts');
const content = (): string => readFileSync(refs, 'utf8');

beforeAll(async () => {
  plane = await startPlane({ workingDirectory: app.root });
  token = await plane.token('alice', { name: 'Alice' });
  cli = new Cli(app.root, {
    ...{ FLYTE_ENDPOINT: plane.url, FLYTE_PROJECT: PROJECT.project, FLYTE_DOMAIN: PROJECT.domain },
    ...{ FLYTE_TOKEN: token, FLYTE_TASKS_MODULE: MODULE },
  });
  const transport = createConnectTransport({
    baseUrl: plane.url,
    httpVersion: '2',
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  const tasks = createClient(TaskService, transport);
  deploy = async (spec) => {
    const { id } = spec.taskTemplate ?? {};
    if (spec.taskTemplate === undefined || id === undefined) throw new Error('no task');
    Object.assign(id, PROJECT, { org: '' });
    spec.taskTemplate.target = create(TaskSpecSchema, {
      taskTemplate: { target: { case: 'container', value: { image: 'registry.local/py:1', args: ['true'] } } },
    }).taskTemplate?.target ?? { case: undefined };
    await tasks.deployTask({ taskId: { ...PROJECT, name: id.name, version: id.version }, spec });
  };
  const fixture = readFileSync('libs/flyte/test-data/python-tasks.json', 'utf8');
  const codec = new TaskCodec<void, void, unknown, unknown>({ outputs: z.object({ knot: Knot }) });
  await deploy(
    create(TaskSpecSchema, { taskTemplate: { id: { name: 'own.knot', version: 'v1' }, interface: codec.interface() } }),
  );
  for (const spec of Object.values(Fixture.parse(JSON.parse(fixture)).tasks))
    await deploy(fromBinary(TaskSpecSchema, Buffer.from(spec, 'base64'))); // oxlint-disable-line no-await-in-loop -- in order
});
afterAll(async () => {
  await plane.close();
  app.remove();
});

describe('nestjs-flyte refs', () => {
  it('writes a ref of each task, of Python too, and changes nothing where nothing changed', async () => {
    expect((await cli.run(['deploy', '--version', 'v1'])).code).toBe(0);
    const first = await cli.run(['refs', '--out', 'src/refs.ts']);
    expect(first).toMatchObject({ code: 0, stdout: 'src/refs.ts: 17 refs, written\n' });
    expect(first.stderr.trim().split('\n')).toHaveLength(3);
    expect(first.stderr).toContain('py.frames is left out: its input "df" is a DataFrame.');
    const source = content();
    expect(source).toMatch(/^\/\/ Generated by "nestjs-flyte refs --out src\/refs\.ts"\. /);
    const long = new Date(0);
    utimesSync(refs, long, long);
    expect(await cli.run(['refs', '--out', 'src/refs.ts', '--check'])).toMatchObject({ code: 0 });
    const again = await cli.parsed(Answer, ['refs', '--out', 'src/refs.ts']);
    expect(again).toMatchObject({
      changed: false,
      refs: expect.arrayContaining([{ task: 'cli.repeat', name: 'Repeat' }]),
    });
    expect(content()).toBe(source);
    expect(statSync(refs).mtimeMs).toBe(0);
    const printed = await cli.run(['refs']);
    expect(printed.stdout).toBe(source.replace(' --out src/refs.ts', ''));
  });

  it('writes what a strict compiler takes, and what calls the task', async () => {
    writeFileSync(join(app.root, 'src/call.ts'), CALL);
    writeFileSync(
      join(app.root, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noUnusedLocals: true },
          ...{ module: 'nodenext', target: 'es2023', types: ['node'], skipLibCheck: true, declaration: true },
          ...{ experimentalDecorators: true, emitDecoratorMetadata: true, rootDir: 'src', outDir: 'dist' },
        },
        include: ['src'],
      }),
    );
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const compiled = await execute(process.execPath, [tsc, '-p', app.root], { cwd: app.root }).catch(
      (error: unknown) => error,
    );
    expect(compiled).toMatchObject({ stdout: '' });
    const env = { PATH: process.env['PATH'], ...cli.env, TOKEN: token };
    const { stdout } = await execute(process.execPath, ['dist/call.js'], { cwd: app.root, env });
    expect(JSON.parse(stdout)).toEqual({
      refused: expect.stringMatching(/^inputs\.text: /),
      ...{ text: 'abab', more: '1,2.5', word: 'old' },
    });
  });

  it('takes some tasks, or one version', async () => {
    const some = await cli.run(['refs', 'py.nothing', 'cli.repeat', '--version', 'v1']);
    expect(some.code).toBe(0);
    expect(some.stdout.match(/^export const .*/gm)).toEqual([
      "export const Repeat = taskRef('cli.repeat', {",
      "export const Nothing = taskRef('py.nothing', { version: 'v1' });",
    ]);
    expect(some.stdout).toMatch(/^\/\/ .*"nestjs-flyte refs cli\.repeat py\.nothing --version v1"/);
    const ofPython = await cli.run(['refs', '--environment', 'py']);
    expect(ofPython.stdout).not.toContain('cli.repeat');
    expect(ofPython.stdout).toContain("taskRef('py.nothing')");
  });

  it('sees that a task has changed', async () => {
    const before = content();
    await deploy(
      create(TaskSpecSchema, { taskTemplate: { id: { name: 'py.nothing', version: 'v2' }, interface: {} } }),
    );
    expect((await cli.run(['refs', '--out', 'src/refs.ts', '--check'])).code).toBe(0);
    const variable = { key: 'text', value: { type: { type: { case: 'simple' as const, value: 3 } } } };
    await deploy(
      create(TaskSpecSchema, {
        taskTemplate: {
          id: { name: 'py.nothing', version: 'v3' },
          interface: { inputs: { variables: [variable] } },
        },
      }),
    );
    const check = await cli.run(['refs', '--out', 'src/refs.ts', '--check']);
    expect(check).toMatchObject({ code: 1, stdout: '' });
    expect(check.stderr).toMatch(/failed_precondition: src\/refs\.ts is not what .* run this without --check/);
    expect(content()).toBe(before);
    expect((await cli.run(['refs', '--out', 'src/refs.ts'])).code).toBe(0);
    expect(content()).toContain("taskRef('py.nothing', {\n  inputs: z.object({ text: z.string() }),\n});");
  });

  it('refuses what it can not do, and touches no file of others', async () => {
    mkdirSync(join(app.root, 'other'));
    writeFileSync(join(app.root, 'other/mine.ts'), 'export const mine = 1;\n');
    const used: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
      [['--out', 'other/mine.ts'], 2, /mine\.ts was not written by this command/],
      [['--out', 'other/refs.js'], 2, /does not end in \.ts/],
      [['--out', 'other'], 2, /does not end in \.ts/],
      [['--check'], 2, /--check compares a file/],
      [['py.nothing', '--environment', 'py'], 2, /not both/],
      [['py.nowhere'], 1, /not_found: .*py\.nowhere/],
      [['--environment', 'nowhere'], 1, /not_found: Flyte knows no task of nowhere here/],
      [['--version', 'nowhere'], 1, /not_found: Flyte knows no task in version nowhere here/],
      [['--version', 'a b'], 2, /has the version "a b"/],
      [['py.frames'], 1, /unimplemented: There can be no ref of py\.frames/],
    ];
    const ended = await Promise.all(used.map(([args]) => cli.run(['refs', ...args])));
    for (const [index, [, code, message]] of used.entries()) {
      expect(ended[index]).toMatchObject({ code, stdout: '' });
      expect(ended[index]?.stderr).toMatch(message);
    }
    expect(readFileSync(join(app.root, 'other/mine.ts'), 'utf8')).toBe('export const mine = 1;\n');
    expect(cli.written).not.toContain(token);
  });
});
