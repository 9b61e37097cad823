import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { createClient } from '@connectrpc/connect';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  externalCommand,
  FlyteClient,
  FlyteModule,
  tokenFile,
  type FlyteError,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../support/calls.js';
import { startGuardedFlyte, type GuardedFlyte } from '../support/guarded-flyte.js';

const SECOND = 1_000;

let flyte: GuardedFlyte;
let folder: string;
const apps: TestingModule[] = [];

beforeEach(async () => {
  [flyte, folder] = await Promise.all([startGuardedFlyte(), mkdtemp(join(tmpdir(), 'login-'))]);
  for (let n = 1; n < 9; n += 1) flyte.good.add(`Bearer t${n}`);
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await flyte[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function clientOf(credentials: FlyteModuleOptions['credentials']): Promise<FlyteClient> {
  const imports = [FlyteModule.forRoot({ endpoint: flyte.url, retries: 0, credentials })];
  const app = await Test.createTestingModule({ imports }).compile();
  apps.push(app);
  return app.get(FlyteClient);
}
const tokens = () => flyte.calls.map(({ token = 'none' }) => token);
async function failure(promise: Promise<unknown>): Promise<FlyteError> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: FlyteError) => error,
  );
}

describe('tokenFile', () => {
  it('reads a token that Kubernetes swapped, without waiting for a refusal', async () => {
    // As a projected volume: token → ..data/token, ..data → ..1, and ..data is replaced as a whole.
    const put = async (name: string, token: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'token'), token);
      await symlink(name, join(folder, '..new'));
      await rename(join(folder, '..new'), join(folder, '..data'));
    };
    await put('..1', 't1\n');
    const path = join(folder, 'token');
    await symlink('..data/token', path);
    const client = await clientOf(tokenFile(path));
    await Promise.all([client.users.get(), client.users.get()]);
    await put('..2', 't2');
    await client.users.get();
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('sends it in another header, where that is asked for', async () => {
    flyte.header = 'flyte-authorization';
    await writeFile(join(folder, 'token'), 't1');
    await (await clientOf(tokenFile(join(folder, 'token'), { header: 'Flyte-Authorization' }))).users.get();
    expect(tokens()).toEqual(['Bearer t1']);
  });

  it.each([
    ['is not there', undefined, 'failed_precondition', /can't be read: there is none/],
    ['is empty', '\n', 'unauthenticated', /gave nothing/],
    ['holds more than a token', 'token hunter2\n', 'unauthenticated', /gave what is no token/],
    ['is of two lines', 'hunter2\nhunter2\n', 'unauthenticated', /gave what is no token/],
    ['holds what is no text', Buffer.from([0x68, 0x00, 0xff]), 'unauthenticated', /gave what is no token/],
    ['holds more than a header takes', 'hunter2'.repeat(3_000), 'unauthenticated', /it is longer than 16384 bytes/],
    ['is too large', 'hunter2'.repeat(10_000), 'failed_precondition', /it is too large/],
  ])('that %s, until it is mended', async (_what, content, code, message) => {
    const path = join(folder, 'token');
    if (content !== undefined) await writeFile(path, content);
    const client = await clientOf(tokenFile(path));
    const error = await failure(client.users.get());
    expect(error).toMatchObject({ code, fault: 'operator', message: expect.stringMatching(message) });
    expect(error.message).toContain(path);
    expect(inspect(error, { showHidden: true })).not.toMatch(/hunter2/);
    await writeFile(path, 't3');
    await client.users.get();
    expect(tokens()).toEqual(['Bearer t3']);
  });

  it('is no folder, and no pipe that nobody writes into', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [folder, pipe]) {
      // oxlint-disable-next-line no-await-in-loop
      const error = await failure((await clientOf(tokenFile(path))).users.get());
      expect(error).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/it is no file/) });
    }
  });

  it('takes a path', () => {
    for (const path of ['', undefined, 5]) expect(() => tokenFile(path as never)).toThrow(/takes the path of a file/);
    expect(() => tokenFile('/x', { header: 'host' })).toThrow(/"header" is refused/);
    expect(inspect(tokenFile('/x'))).toBe("{ kind: 'tokenFile' }");
  });
});

describe('a stream whose token Flyte refuses', () => {
  const path = () => join(folder, 'token');
  const names = async (client: FlyteClient): Promise<(string | undefined)[]> => {
    const seen: (string | undefined)[] = [];
    const stream = createClient(RunService, client.transport).watchRunDetails({ runId: { name: 'r' } });
    for await (const { details } of stream) seen.push(details?.action?.id?.run?.name);
    return seen;
  };
  /** A command that gives another token each time. */
  const counting = () =>
    externalCommand([
      process.execPath,
      '-e',
      'const fs = require("fs"); fs.appendFileSync(process.argv[1], "x"); console.log("t" + fs.statSync(process.argv[1]).size)',
      path(),
    ]);

  it('is opened again, and sends what it sent before', async () => {
    flyte.good.delete('Bearer t1');
    expect(await names(await clientOf(counting()))).toEqual(['r-0', 'r-1', 'r-2']);
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('is not, once it has given something, or where there is no other token', async () => {
    flyte.good.delete('Bearer t1');
    flyte.lateRefusal = 1;
    expect(await failure(names(await clientOf(counting())))).toMatchObject({ code: 'unauthenticated' });
    flyte.lateRefusal = 0;
    await writeFile(path(), 't1');
    expect(await failure(names(await clientOf(tokenFile(path()))))).toMatchObject({ code: 'unauthenticated' });
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t1']);
  });

  it('is opened twice at most', async () => {
    flyte.good.clear();
    expect(await failure(names(await clientOf(counting())))).toMatchObject({ code: 'unauthenticated' });
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t2']);
  });
});

describe('externalCommand', () => {
  /** Runs JavaScript, which finds the test's folder as its first argument. */
  const node = (code: string, ...args: string[]): string[] => [process.execPath, '-e', code, folder, ...args];
  const log = (): Promise<string> => readFile(join(folder, 'log'), 'utf8');
  const NOTE = 'require("fs").appendFileSync(process.argv[1] + "/log", "x");';

  it('runs once for many calls, and once more when Flyte refuses what it printed', async () => {
    const command = `${NOTE} console.log("t" + require("fs").statSync(process.argv[1] + "/log").size)`;
    const client = await clientOf(externalCommand(node(command)));
    await Promise.all(Array.from({ length: 20 }, () => client.users.get()));
    expect([tokens(), await log()]).toEqual([Array(20).fill('Bearer t1'), 'x']);
    flyte.good.delete('Bearer t1');
    await Promise.all([client.users.get(), client.users.get()]);
    expect([tokens().slice(20).toSorted(), await log()]).toEqual([
      ['Bearer t1', 'Bearer t1', 'Bearer t2', 'Bearer t2'],
      'xx',
    ]);
  });

  it('runs again shortly before the end of a JWT', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const payload = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 600 })).toString('base64url');
    flyte.good.add(`Bearer e30.${payload}.s`);
    const client = await clientOf(externalCommand(node(`${NOTE} console.log("e30.${payload}.s")`)));
    await client.users.get();
    vi.setSystemTime(Date.now() + 530 * SECOND);
    await client.users.get();
    expect(await log()).toBe('x');
    vi.setSystemTime(Date.now() + 66 * SECOND);
    await client.users.get();
    expect(await log()).toBe('xx');
  });

  it('has no shell, no input, and the app’s variables', async () => {
    const code =
      'if (process.argv[2] !== "$(id); `id` > x | y" || require("fs").readFileSync(0).length || !process.env.PATH) process.exit(9); console.log("t1")';
    await (await clientOf(externalCommand(node(code, '$(id); `id` > x | y')))).users.get();
    expect(tokens()).toEqual(['Bearer t1']);
  });

  it.each([
    [
      'fails',
      'console.error("hunter2"); console.log("hunter2"); process.exit(3)',
      'unauthenticated',
      /ended with 3\. Run it/,
    ],
    [
      'dies',
      'console.error("hunter2"); process.kill(process.pid, "SIGKILL")',
      'unauthenticated',
      /ended with a signal/,
    ],
    ['prints nothing', '', 'unauthenticated', /gave nothing/],
    ['prints words', 'console.log("use hunter2")', 'unauthenticated', /gave what is no token/],
    [
      'prints for ever',
      'setInterval(() => process.stdout.write("hunter2".repeat(9999)), 1)',
      'unauthenticated',
      /printed more than a token has/,
    ],
  ])('that %s: says which one, and nothing it wrote', async (_what, code, errorCode, message) => {
    const client = await clientOf(externalCommand(node(code, 'hunter2')));
    const error = await failure(client.users.get());
    expect(error).toMatchObject({ code: errorCode, fault: 'operator', message: expect.stringMatching(message) });
    expect(error.message).toContain(process.execPath);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2/);
    expect(tokens()).toEqual([]);
  });

  it('that takes too long is ended, with what it started', async () => {
    const pid = join(folder, 'pid');
    const command = ['sh', '-c', 'sleep 600 & echo $! > "$0"; wait', pid];
    const client = await clientOf(externalCommand(command, { timeoutMs: 2_000 }));
    expect(await failure(client.users.get())).toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringMatching(/"sh" of externalCommand did not end within 2000 ms/),
    });
    const sleeper = Number(await readFile(pid, 'utf8'));
    await until(() => !isAlive(sleeper), 'what the command started has ended');
  }, 120_000);

  it('that is not installed', async () => {
    const error = await failure((await clientOf(externalCommand(['no-such-program-here']))).users.get());
    expect(error).toMatchObject({ message: expect.stringMatching(/"no-such-program-here".*could not be started/) });
  });

  it.each([[[]], [['']], ['gcloud auth print'], [[5]], [['a', 'b\0']], [undefined]])('takes no %j', (argv) => {
    expect(() => externalCommand(argv as never)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringMatching(/takes a list of texts/),
      }),
    );
  });

  it('shows nothing of its arguments', () => {
    const login = externalCommand(['print-token', '--key=hunter2']);
    for (const text of [inspect(login, { showHidden: true, depth: 9 }), JSON.stringify(login), format('%s', login)])
      expect(text).not.toMatch(/hunter2/);
    expect(() => externalCommand(['x'], { timeoutMs: 0, header: 'te' })).toThrow(/"timeoutMs" takes 1 to[^]*"header"/);
  });
});

/** Whether a process runs; one that nobody has waited for yet does not. */
function isAlive(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return !state.startsWith('Z');
  } catch (error) {
    // So says `ps` where there is no such process; anything else says nothing of it.
    if (error instanceof Error && 'status' in error && error.status === 1) return false;
    throw error;
  }
}
