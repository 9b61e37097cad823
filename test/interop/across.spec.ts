import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { authMetadata, FileService, FlyteClient, FlyteFile, FlyteModule } from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildTasks } from '../support/tasks-app.js';
import { PythonBad, PythonEcho, PythonRelay, ShopTasks } from './across/app/shop.tasks.js';
import type { EverythingThereIs } from './across/app/everything.js';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

// Tasks in TypeScript are found where the plane runs them, and Python's bring their code.
const root = buildTasks(join(import.meta.dirname, 'across/app'));
let user: PythonUser;
let python: PythonSession;
let app: TestingModule;
let client: FlyteClient;
let token: string;
const asAlice = <T>(work: () => Promise<T>): Promise<T> => authMetadata({ authorization: `Bearer ${token}` }, work);

beforeAll(async () => {
  user = await PythonUser.start({ workingDirectory: root, maxConcurrentActions: 2 });
  python = user.python('across_run');
  app = await Test.createTestingModule({
    imports: [
      FlyteModule.forRoot({
        ...{ endpoint: user.plane.url, tls: { ca: inject('certificate').ca }, passthrough: true },
        ...{ project: 'flytesnacks', domain: 'development' },
        tasks: { module: './dist/tasks.module.js#TasksModule', version: 'v1' },
      }),
      FlyteModule.forFeature([PythonEcho, PythonRelay, PythonBad]),
    ],
    providers: [ShopTasks],
  }).compile();
  client = app.get(FlyteClient);
  token = await user.plane.token('alice', { name: 'Alice' });
  await asAlice(() => client.tasks.deploy());
  await python.call('deploy');
});
afterAll(async () => {
  await app?.close();
  await user?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const succeeded = (...outputs: unknown[]) => ({ phase: 'succeeded', outputs });
const run = async (task: string, given: object): Promise<unknown> =>
  python.call('end', { run: await python.call('start', { task: `across.${task}`, given }) });

async function everything(): Promise<EverythingThereIs> {
  return {
    ...{ text: 'héllo', whole: 2 ** 40, real: 0.5, yes: true, when: new Date('2026-01-31T08:00:00.250Z') },
    ...{ raw: new Uint8Array([0, 255]), many: ['a', ''], by: { one: 1 }, maybe: null },
    ...{ person: { name: 'Ann', age: 41 } },
    file: await app.get(FileService).upload(Buffer.from('dear sir'), { name: 'dear.txt' }),
  };
}

describe('a task in Python', () => {
  it('calls one in TypeScript, with values of each kind', async () => {
    const letter = join(user.folder, 'letter.txt');
    writeFileSync(letter, 'dear sir');
    expect(await python.call('end', { run: await python.call('give', { path: letter }) })).toEqual(
      succeeded({
        ...{
          text: 'HÉLLO',
          whole: String(2 ** 40),
          real: '0.5',
          yes: 'True',
          when: '2026-01-31 08:00:00.250000+00:00',
        },
        ...{ raw: "b'\\x00\\xff'", many: "['a', '']", by: "{'one': 1}", maybe: 'None', person: "['Ann', 41]" },
        file: 'DEAR SIR',
      }),
    );
  });

  it('calls one in TypeScript that calls one in Python that calls one in TypeScript', async () => {
    const name = await python.call('start', { task: 'across.nested', given: { text: 'hi' } });
    expect(await python.call('end', { run: name })).toEqual(
      succeeded('nested: passed: relayed: HI of a child of a child: true'),
    );
    const actions = (await python.call('actions', { run: name })) as { called: string; of: string; name: string }[];
    expect(actions.map(({ called }) => called)).toEqual(['across.nested', 'shop.pass', 'across.relay', 'shop.shout']);
    expect(actions.map(({ of }) => of)).toEqual(['', ...actions.slice(0, 3).map((one) => one.name)]);
  });

  it('is told what one in TypeScript failed with', async () => {
    expect(await run('caught', { text: 'bad' })).toEqual(succeeded('RuntimeUserError BadText: nobody shouts that'));
  });

  it('is run by an app', async () => {
    const outputs = await asAlice(async () => {
      const started = await client.task(PythonEcho).run(await everything());
      return started.outputs();
    });
    const { file, ...rest } = await asAlice(everything);
    expect(outputs).toEqual({ ...rest, text: 'héllohéllo', file: expect.any(FlyteFile) });
    expect(file).toBeInstanceOf(FlyteFile);
  });
});

describe('a task in TypeScript', () => {
  it('calls one in Python, with values of each kind', async () => {
    const outputs = await asAlice(async () => {
      const started = await client.task(ShopTasks, 'give').run(await everything());
      return started.outputs();
    });
    expect(outputs).toMatchObject({ text: 'héllohéllo', person: { name: 'Ann', age: 41 }, by: { one: 1 } });
  });

  it('is told what one in Python failed with', async () => {
    const said = await asAlice(async () => (await client.task(ShopTasks, 'caught').run({ text: 'way' })).outputs());
    expect(said).toBe('task_failed across.bad no way');
  });

  it('is run by the SDK', async () => {
    const name = await python.call('start_theirs', { name: 'shop.pass', given: { text: 'yo' } });
    expect(await python.call('end', { run: name })).toEqual(
      succeeded('passed: relayed: YO of a child of a child: true'),
    );
  });
});
