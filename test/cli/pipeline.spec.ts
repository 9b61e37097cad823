import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { startPlane } from '../support/plane.js';
import { Cli, createApp, MODULE } from './support.js';

const Deployed = z.looseObject({ version: z.string() });
const Listed = z.array(z.object({ name: z.string(), version: z.string() }));
const Result = z.looseObject({ name: z.string(), outputs: z.unknown() });
const Line = z.object({ message: z.string() });

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const app = createApp();
let plane: LocalControlPlane;
let cli: Cli;
let token: string;
beforeAll(async () => {
  plane = await startPlane({ workingDirectory: app.root });
  token = await plane.token('alice', { name: 'Alice' });
  writeFileSync(join(app.root, 'token'), `${token}\n`);
  cli = new Cli(app.root, {
    ...{ FLYTE_ENDPOINT: plane.url, FLYTE_PROJECT: 'flytesnacks', FLYTE_DOMAIN: 'development' },
    ...{ FLYTE_TOKEN_FILE: 'token', FLYTE_TASKS_MODULE: MODULE },
  });
});
afterAll(async () => {
  await plane.close();
  app.remove();
});

describe('nestjs-flyte, from code to a run', () => {
  it('says who it is taken for', async () => {
    expect(await cli.json(['whoami'])).toMatchObject({ subject: 'alice', name: 'Alice' });
    const { code, stdout, stderr } = await cli.run(['whoami'], { FLYTE_TOKEN_FILE: '', FLYTE_TOKEN: 'garbage' });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^unauthenticated: /);
    expect(stderr).not.toContain('garbage');
  });

  it('deploys what the module declares, and makes nothing of it', async () => {
    const dry = await cli.parsed(Deployed, ['deploy', '--dry-run']);
    expect(dry).toMatchObject({ version: expect.stringMatching(/^[0-9a-f]{24}$/), dryRun: true });
    expect(await cli.json(['get', 'tasks'])).toEqual([]);
    const deployed = await cli.json(['deploy']);
    expect(deployed).toMatchObject({ ...dry, dryRun: false });
    await cli.json(['deploy', '--version', 'v2']);
    const listed = await cli.parsed(Listed, ['get', 'tasks']);
    const names = listed.map(({ name, version }) => `${name} ${version}`);
    expect(names.toSorted()).toEqual(['cli.fail v2', 'cli.repeat v2', 'cli.wait v2']);
    const versions = await cli.json(['get', 'tasks', 'cli.repeat']);
    expect(versions).toMatchObject([{ version: 'v2' }, { version: dry.version }]);
    expect(existsSync(join(app.root, 'made'))).toBe(false);
  });

  it('runs a deployed task with inputs, follows it, and answers with its outputs', async () => {
    const followed = await cli.run(['run', 'cli.repeat', '-i', 'text=5=5', '-i', 'more=[1, 2.5]', '--follow']);
    expect(followed.code).toBe(0);
    const [first, last] = [/^.*$/m.exec(followed.stdout)?.[0], followed.stdout.trim().split('\n').at(-1)];
    expect([first, last]).toEqual(['repeating', '{"text":"5=55=5","more":"1,2.5","word":"old"}']);
    writeFileSync(join(app.root, 'inputs.json'), '{ "text": "ab", "times": 3 }');
    const args = ['run', 'cli.repeat', '--inputs', 'inputs.json', '-i', 'times=1', '--follow', '--version', 'v2'];
    const result = await cli.parsed(Result, args);
    expect(result).toMatchObject({ phase: 'succeeded', version: 'v2', outputs: { text: 'ab', more: '', word: 'old' } });
    const run = await cli.json(['get', 'run', result.name]);
    expect(run).toMatchObject({ name: result.name, inputs: { text: 'ab', times: 1 }, outputs: result.outputs });
    const logs = await cli.run(['get', 'logs', result.name, '--json']);
    const messages = logs.stdout
      .trim()
      .split('\n')
      .map((line) => Line.parse(JSON.parse(line)).message);
    expect(messages[0]).toBe('repeating');
  });

  it('runs code that came apart from the image, whatever lies here meanwhile', async () => {
    const { version } = await cli.parsed(Deployed, ['deploy', '--code-bundle']);
    const word = join(app.root, 'dist/word.js');
    writeFileSync(word, "export const WORD = 'new';\n");
    const changed = await cli.parsed(Deployed, ['deploy', '--code-bundle', '--dry-run']);
    expect(changed.version).not.toBe(version);
    const run = (name: string): Promise<unknown> =>
      cli.json(['run', 'cli.repeat', '-i', 'text=a', '--version', name, '--follow']);
    expect(await run(version)).toMatchObject({ outputs: { word: 'old' } });
    expect(await run('v2')).toMatchObject({ outputs: { word: 'new' } });
    writeFileSync(word, "export const WORD = 'old';\n");
  });

  it('runs tasks that were compiled into one file, in the image or apart from it', async () => {
    expect(await cli.run(['compile', MODULE])).toMatchObject({ code: 0, stderr: '' });
    const FLYTE_TASKS_MODULE = './dist/tasks.mjs#TasksModule';
    const run = (version: string): Promise<unknown> =>
      cli.json(['run', 'cli.repeat', '-i', 'text=a', '--version', version, '--follow']);
    await cli.json(['deploy', '--version', 'c1'], { FLYTE_TASKS_MODULE });
    expect(await run('c1')).toMatchObject({ phase: 'succeeded', outputs: { text: 'aa', word: 'old' } });
    const bundle = ['--code-bundle', 'dist/tasks.mjs', 'dist/tasks.mjs.map'];
    await cli.json(['deploy', '--version', 'c2', ...bundle], { FLYTE_TASKS_MODULE });
    rmSync(join(app.root, 'dist/tasks.mjs'));
    expect(await run('c2')).toMatchObject({ phase: 'succeeded', outputs: { text: 'aa', word: 'old' } });
  });

  it('says where a version that is there gets other code', async () => {
    const word = join(app.root, 'dist/word.js');
    const deploy = async (...args: string[]): Promise<string> =>
      (await cli.run(['deploy', '--code-bundle', '--version', 'b1', ...args])).stderr;
    expect(await deploy()).toBe('');
    expect(await deploy()).toBe('');
    writeFileSync(word, "export const WORD = 'other';\n");
    expect(await deploy()).toMatch(
      /^cli\.\w+ is there in version b1 already, with other code: .*\. It is replaced\.\n$/,
    );
    writeFileSync(word, "export const WORD = 'old';\n");
  });

  it('ends with 3 where the run does not succeed, and says why', async () => {
    const { code, stdout, stderr } = await cli.run(['run', 'cli.fail', '--follow', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      phase: 'failed',
      error: { message: expect.stringMatching(/as it must/) },
    });
    expect(stderr).toMatch(/as it must[^]*\nAttempt 2:\n[^]*as it must[^]*\ntask_failed: .*as it must/);
  });

  it('leaves a run running on Ctrl-C, and aborts it when asked to', async () => {
    const { child, ended } = cli.start(['run', 'cli.wait', '--follow']);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).not.toContain('canceled');
    const [, run = ''] = /Run (\S+) goes on/.exec(stderr) ?? [];
    expect(await cli.json(['get', 'runs', '--task', 'cli.wait'])).toMatchObject([{ name: run, phase: 'running' }]);
    expect(await cli.json(['abort', run, '--reason', 'enough'])).toMatchObject({ name: run });
    await vi.waitFor(async () => expect(await cli.json(['get', 'run', run])).toMatchObject({ phase: 'aborted' }), {
      timeout: 60_000,
    });
  });

  it('keeps secrets out of everything but the store', async () => {
    const value = 'value-of-the-secret';
    writeFileSync(join(app.root, 'secret'), value);
    expect(await cli.run(['secret', 'create', 'one'], {}, `${value}\n`)).toMatchObject({
      code: 0,
      stdout: `Stored one, ${value.length + 1} bytes.\n`,
      stderr: expect.stringMatching(/ends with a line end/),
    });
    expect(await cli.json(['secret', 'create', 'two', '--from-file', 'secret', '--scope', 'domain'])).toMatchObject({
      name: 'two',
    });
    expect((await cli.run(['secret', 'create', 'one'], {}, value)).stderr).toMatch(/^already_exists/);
    expect((await cli.run(['secret', 'create', 'one', '--replace'], {}, value)).code).toBe(0);
    expect(await cli.json(['get', 'secrets'])).toMatchObject([{ name: 'one' }]);
    expect(await cli.json(['secret', 'list', '--scope', 'domain'])).toMatchObject([{ name: 'two', project: '' }]);
    await cli.json(['secret', 'delete', 'one']);
    expect(await cli.json(['secret', 'list'])).toEqual([]);
    expect(await cli.run(['secret', 'create', 'three', value], {}, value)).toMatchObject({ code: 2, stdout: '' });
    expect(cli.written).not.toContain(value);
  });

  it('says the token nowhere', () => {
    expect(cli.written).not.toContain(token);
    expect(cli.written).not.toBe('');
  });

  it('ends quietly where nobody reads any more', async () => {
    expect(await cli.unread(['get', 'projects'])).toEqual({ code: 141, stderr: '' });
  });
});
