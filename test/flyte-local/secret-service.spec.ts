import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsFor, executionClients, PROJECT, putSecret, type ExecutionClients } from './execution-support.js';
import { BIN, failure, finish, runCommand, temporaryFolder, type CommandResult } from './support.js';

const id = (name: string, project = '', domain = '') => ({ id: { name, project, domain } });
const text = (value: string) => ({ secretSpec: { value: { case: 'stringValue' as const, value } } });

describe('SecretService', () => {
  let plane: LocalControlPlane;
  let clients: ExecutionClients;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:', auth: 'optional' });
    clients = await clientsFor(plane);
  });
  afterAll(() => plane.close());

  it('creates once, updates what is there, never says a value, and deletes', async () => {
    const { secrets } = clients;
    const name = id('one', PROJECT, 'development');
    expect(await failure(secrets.updateSecret({ ...name, ...text('x') }))).toMatchObject({ code: 5 });
    await secrets.createSecret({ ...name, ...text('VALUE-1') });
    expect(await failure(secrets.createSecret({ ...name, ...text('x') }))).toMatchObject({ code: 6 });
    await secrets.updateSecret({
      ...name,
      secretSpec: { value: { case: 'binaryValue', value: Buffer.from('VALUE-2') } },
    });
    const got = await secrets.getSecret(name);
    expect(got.secret).toMatchObject({ id: { name: 'one', project: PROJECT, domain: 'development' } });
    expect(got.secret?.secretMetadata?.createdTime?.seconds).toBeGreaterThan(1_700_000_000n);
    const listed = await secrets.listSecrets({ project: PROJECT, domain: 'development' });
    expect(listed.secrets.map((secret) => secret.id?.name)).toEqual(['one']);
    expect(String(Object.values({ got: JSON.stringify(got.secret?.id), listed: listed.secrets.length }))).not.toContain(
      'VALUE',
    );
    await secrets.deleteSecret(name);
    expect(await failure(secrets.getSecret(name))).toMatchObject({ code: 5 });
    expect(await failure(secrets.deleteSecret(name))).toMatchObject({ code: 5 });
  });

  it('takes an empty value, and refuses none', async () => {
    await clients.secrets.createSecret({ ...id('empty'), ...text('') });
    expect(await failure(clients.secrets.createSecret({ ...id('none') }))).toMatchObject({ code: 3 });
    expect(await failure(clients.secrets.updateSecret({ ...id('empty'), secretSpec: {} }))).toMatchObject({ code: 3 });
    await clients.secrets.deleteSecret(id('empty'));
  });

  it.each([
    ['', ''],
    ['../x', ''],
    ['/etc/passwd', ''],
    ['a/b', ''],
    ['a b', ''],
    ['a\n', ''],
    ['\u0000', ''],
    ['fine', PROJECT],
  ])('refuses the name %j in project %j without a domain, and does not repeat it', async (name, project) => {
    for (const call of ['createSecret', 'updateSecret', 'getSecret', 'deleteSecret'] as const) {
      const error = await failure(clients.secrets[call]({ ...id(name, project), ...text('x') }));
      expect(error.code).toBe(3);
      if (name.length > 3) expect(error.message).not.toContain(name);
    }
  });

  it('refuses what Flyte could not store, or no task receive', async () => {
    const store = (name: string, value: string | Uint8Array) => failure(putSecret(clients, name, value));
    expect(await store('a'.repeat(191), 'x')).toMatchObject({ code: 3 });
    const { rawMessage, code } = await store('large', 'SECRET-'.repeat(20_000));
    expect(code).toBe(3);
    expect(rawMessage).toMatch(/140000 bytes: no variable can carry it, .* no file/);
    expect(rawMessage).not.toContain('SECRET');
    expect(await store('large', Buffer.alloc(100_000))).toMatchObject({ code: 3 });
    await putSecret(clients, 'large', 'x'.repeat(100_000));
    const update = { ...id('large', PROJECT, 'development'), ...text('x'.repeat(140_000)) };
    expect(await failure(clients.secrets.updateSecret(update))).toMatchObject({ code: 3 });
    await clients.secrets.deleteSecret(id('large', PROJECT, 'development'));
  });

  it('keeps scopes apart, and pages', async () => {
    const scopes = [
      ['', ''],
      ['', 'development'],
      [PROJECT, 'development'],
      [PROJECT, 'staging'],
      ['other', 'development'],
    ];
    for (const [project, domain] of scopes)
      await putSecret(clients, 'same', `${project}/${domain}`, { project, domain });
    const list = async (project: string, domain: string) =>
      (await clients.secrets.listSecrets({ project, domain })).secrets.length;
    expect([await list('', ''), await list('', 'development'), await list(PROJECT, 'development')]).toEqual([5, 3, 1]);
    expect(await failure(clients.secrets.listSecrets({ project: PROJECT }))).toMatchObject({ code: 3 });
    const seen: string[] = [];
    for (let token = ''; ;) {
      const page = await clients.secrets.listSecrets({ limit: 2, token });
      seen.push(...page.secrets.map((secret) => `${secret.id?.project}/${secret.id?.domain}`));
      if (page.token === '') break;
      token = page.token;
    }
    expect(seen.length).toBe(5);
    expect(await failure(clients.secrets.listSecrets({ token: '-1' }))).toMatchObject({ code: 3 });
  });

  it('holds a limited token to its projects, and shared scopes from it', async () => {
    const limited = await clientsFor(plane, { projects: [PROJECT] });
    await putSecret(limited, 'mine', 'x');
    const others: [string, string][] = [
      ['other', 'development'],
      ['', 'development'],
      ['', ''],
    ];
    for (const [project, domain] of others) {
      for (const call of ['createSecret', 'updateSecret', 'getSecret', 'deleteSecret'] as const) {
        const error = await failure(limited.secrets[call]({ ...id('same', project, domain), ...text('x') }));
        expect(error.code).toBe(7);
      }
    }
    expect(await failure(limited.secrets.listSecrets({ project: 'other', domain: 'development' }))).toMatchObject({
      code: 7,
    });
    const { secrets } = await limited.secrets.listSecrets({});
    expect(new Set(secrets.map((secret) => secret.id?.project))).toEqual(new Set([PROJECT]));
  });

  it('never lets anonymous callers do anything here', async () => {
    const { secrets, tasks, runs, data, cluster } = executionClients(plane.url);
    const calls = [
      secrets.listSecrets({}),
      secrets.createSecret({ ...id('a'), ...text('b') }),
      tasks.listTasks({}),
      tasks.deployTask({}),
      runs.createRun({}),
      runs.listRuns({}),
      data.getActionData({}),
      data.uploadInputs({}),
      cluster.selectCluster({}),
    ];
    for (const error of await Promise.all(calls.map(failure))) expect(error).toMatchObject({ code: 16 });
  });
});

describe('secrets at rest', () => {
  const value = 'a-secret-that-must-not-be-found-9f8e7d';
  async function stored(): Promise<string> {
    const state = temporaryFolder();
    await using plane = await startLocalControlPlane({ port: 0, state });
    await putSecret(await clientsFor(plane), 'key', value);
    return state;
  }
  async function refusal(state: string): Promise<string> {
    return startLocalControlPlane({ port: 0, state }).then(
      () => 'started',
      (error: unknown) => String(error),
    );
  }

  it('are encrypted, under a private key of their folder', async () => {
    const [one, two] = [await stored(), await stored()];
    const bytes = ['control-plane.db', 'control-plane.db-wal'].map((name) => {
      try {
        return readFileSync(join(one, name)).toString('latin1');
      } catch {
        return '';
      }
    });
    const raw = Buffer.from(value);
    for (const spelling of [value, raw.toString('base64'), raw.toString('hex')])
      expect(bytes.join('')).not.toContain(spelling);
    expect(readFileSync(join(one, 'secret-key'))).not.toEqual(readFileSync(join(two, 'secret-key')));
  });

  it('are not lost silently: a missing, foreign, damaged or public key is a clear error', async () => {
    const state = await stored();
    const path = join(state, 'secret-key');
    const key = readFileSync(path);
    rmSync(path);
    expect(await refusal(state)).toMatch(/key of the secrets .* is missing/);
    writeFileSync(path, `${Buffer.alloc(32).toString('base64')}\n`, { mode: 0o600 });
    expect(await refusal(state)).toMatch(/is not the one/);
    writeFileSync(path, 'short');
    expect(await refusal(state)).toMatch(/is damaged/);
    writeFileSync(path, key);
    if (process.platform !== 'win32') {
      chmodSync(path, 0o644);
      expect(await refusal(state)).toMatch(/can be read by other users/);
      chmodSync(path, 0o600);
    }
    await (await startLocalControlPlane({ port: 0, state })).close();
  });
});

describe('the command secret', () => {
  async function put(folder: string, input: string | Buffer, ...flags: string[]): Promise<CommandResult> {
    const child = spawn(process.execPath, [BIN, 'secret', 'put', ...flags], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(input);
    return finish(child as never);
  }

  // Each command is a process that loads all of the library, which takes seconds on a busy machine.
  it('puts, lists and deletes, before a plane runs and while it does', async () => {
    const folder = temporaryFolder();
    const where = ['--project', PROJECT, '--domain', 'development'];
    expect(await put(folder, 'before', 'first', ...where)).toMatchObject({ code: 0, stderr: '' });
    await using plane = await startLocalControlPlane({ port: 0, state: join(folder, '.flyte-local') });
    const { secrets } = await clientsFor(plane);
    await expect(secrets.getSecret(id('first', PROJECT, 'development'))).resolves.toBeDefined();
    const again = await put(folder, 'after\n', 'first', ...where);
    expect(again.stdout).toMatch(/^Replaced first .*6 bytes/);
    expect(again.stderr).toMatch(/line end/);
    writeFileSync(join(folder, 'value'), 'from a file');
    expect((await runCommand(folder, 'secret', 'put', 'shared', '--from-file', 'value')).stdout).toMatch(
      /^Created shared \(global/,
    );
    const listed = await runCommand(folder, 'secret', 'list');
    expect(listed.stdout).toBe(`shared\tglobal\nfirst\tproject "${PROJECT}" in domain "development"\n`);
    expect((await runCommand(folder, 'secret', 'delete', 'shared')).code).toBe(0);
    expect(await failure(secrets.getSecret(id('shared')))).toMatchObject({ code: 5 });
    const missing = await runCommand(folder, 'secret', 'delete', 'shared');
    expect([missing.code, missing.stderr]).toEqual([1, 'There is no secret shared (global).\n']);
  });

  it.concurrent.each([
    [['put', '../x'], /letters, digits/],
    [['put', 'x', 'VALUE-IN-ARGUMENT'], /too many arguments/],
    [['put', 'x', '--project', 'p'], /no domain/],
    [['put', 'x', '--from-file', 'missing'], /ENOENT/],
    [['nonsense'], /unknown command/],
  ])('called wrongly with %j says so and exits 2', async (flags, message) => {
    const { code, stdout, stderr } = await runCommand(temporaryFolder(), 'secret', ...flags);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('VALUE-IN-ARGUMENT');
  });
});
