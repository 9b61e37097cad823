import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Image } from 'nestjs-flyte';
import { mintToken, startLocalControlPlane } from 'nestjs-flyte-local';
import { describe, expect, it } from 'vitest';
import { addressOf, clientsOf, explainSkip, finish, startCommand, temporaryFolder } from './support.js';

const posix = process.platform !== 'win32';
explainSkip(!posix, 'the tests of file modes, because Windows has none');
const root = process.getuid?.() === 0;
explainSkip(root, 'the test of a folder that may not be written, because root may write everything');

/** The permissions of a folder, as ".", and of what is in it. */
function modes(folder: string): Record<string, string> {
  const names = ['.', ...readdirSync(folder)];
  return Object.fromEntries(
    names.map((name): [string, string] => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  );
}

async function startFails(state: string): Promise<string> {
  const error = await startLocalControlPlane({ port: 0, state }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'FlyteError', code: 'invalid_configuration' });
  return error instanceof Error ? error.message : '';
}

describe('the state folder', () => {
  it.skipIf(process.platform !== 'linux')('under /proc is refused, and not tried for ever', async () => {
    const child = startCommand(temporaryFolder(), '--port', '0', '--state', '/proc/x/y');
    // A signal that a busy process can't leave unread.
    const killer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const { code, stderr } = await finish(child);
    clearTimeout(killer);
    expect(code).toBe(1);
    expect(stderr).toMatch(/state folder \/proc\/x\/y can't be made or written \(ENOENT\).*--state/);
  });

  it.skipIf(!posix)('is private, with all that is in it, whatever it was before', async () => {
    const state = join(temporaryFolder(), 'deep', 'state');
    await mintToken({ state, subject: 'alice' });
    chmodSync(state, 0o777);
    await using plane = await startLocalControlPlane({ port: 0, state });
    await clientsOf(plane.url, await plane.token('a')).projects.createProject({ project: { id: 'a' } });
    const { '.': itself, data, ...files } = modes(state);
    expect([itself, data]).toEqual(['700', '700']);
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(['control-plane.db', 'control-plane.db-wal', 'secret-key', 'signing-key.json']),
    );
    expect(new Set(Object.values(files))).toEqual(new Set(['600']));
    expect(readFileSync(join(state, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it.each(['.flyte-local', 'of/another/name'])('comes into no image: %s', async (name) => {
    const app = temporaryFolder();
    writeFileSync(join(app, 'main.js'), '');
    // Its tag is a hash of what is copied.
    const tag = (): string => Image.fromBase('busybox').withSourceFolder(app, '/app').fullName;
    const before = tag();
    await using plane = await startLocalControlPlane({ port: 0, state: join(app, name) });
    await clientsOf(plane.url, await plane.token('a')).projects.createProject({ project: { id: 'a' } });
    expect(tag()).toBe(before);
  });

  it('keeps projects and the key over a restart on another port, and leaves no half-written file', async () => {
    const state = temporaryFolder();
    const first = await startLocalControlPlane({ port: 0, state });
    const token = await first.token('alice');
    await clientsOf(first.url, token).projects.createProject({ project: { id: 'kept' } });
    await first.close();
    await using second = await startLocalControlPlane({ port: 0, state });
    expect(second.url).not.toBe(first.url);
    await expect(clientsOf(second.url, token).projects.getProject({ id: 'kept' })).resolves.toBeDefined();
    expect(readdirSync(state).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('does not bring back flytesnacks once it was archived', async () => {
    const state = temporaryFolder();
    for (const expected of [0, 1]) {
      await using plane = await startLocalControlPlane({ port: 0, state });
      const { projects } = clientsOf(plane.url, await plane.token('alice'));
      expect((await projects.getProject({ id: 'flytesnacks' })).project?.state).toBe(expected);
      await projects.updateProject({ project: { id: 'flytesnacks', state: 1 } });
    }
  });

  it('loses nothing that was acknowledged to kill -9, and starts again at once', async () => {
    const folder = temporaryFolder();
    const state = join(folder, '.flyte-local');
    const token = await mintToken({ state, subject: 'alice' });
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const child = startCommand(folder, '--port', '0');
      const { projects } = clientsOf(await addressOf(child), token);
      const dead = once(child, 'exit');
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let number = 0; ; number += 1) {
          const id = `p-${round}-${writer}-${number}`;
          await projects.createProject({ project: { id, description: id } });
          acknowledged.push(id);
          if (acknowledged.length >= 40 * (round + 1)) child.kill('SIGKILL');
        }
      });
      await Promise.allSettled(writers);
      await dead;
    }
    await using plane = await startLocalControlPlane({ port: 0, state });
    const listed = await clientsOf(plane.url, token).projects.listProjects({});
    const ids = new Set(listed.projects?.projects.map(({ id }) => id));
    expect(acknowledged.length).toBeGreaterThanOrEqual(120);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('belongs to one plane at a time, of this process or another', async () => {
    const folder = temporaryFolder();
    const state = join(folder, '.flyte-local');
    const plane = await startLocalControlPlane({ port: 0, state });
    expect(await startFails(state)).toMatch(/Another local control plane is using .*--state/);
    const child = startCommand(folder, '--port', '0');
    await once(child, 'exit');
    expect(child.exitCode).toBe(1);
    // A failed start must not free what the first one holds.
    expect(await startFails(state)).toContain('Another');
    await plane.close();
    await (await startLocalControlPlane({ port: 0, state })).close();
  });

  it('lets one of several starts at once win, in new folders too', async () => {
    const state = join(temporaryFolder(), 'new');
    const starts = await Promise.allSettled(
      Array.from({ length: 5 }, () => startLocalControlPlane({ port: 0, state })),
    );
    const planes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    expect(planes).toHaveLength(1);
    await planes[0]?.close();
  });

  it('gives tokens that are minted at once, before a first start, one key', async () => {
    const state = join(temporaryFolder(), 'new');
    const tokens = await Promise.all(Array.from({ length: 8 }, (_, at) => mintToken({ state, subject: `s${at}` })));
    await using plane = await startLocalControlPlane({ port: 0, state });
    const callers = await Promise.all(tokens.map((token) => clientsOf(plane.url, token).users.userInfo({})));
    expect(callers.map(({ subject }) => subject)).toEqual(tokens.map((_, at) => `s${at}`));
  });

  it('of another program is refused and left as it was', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'thesis.txt'), 'x');
    chmodSync(folder, 0o755);
    const { '.': before } = modes(folder);
    expect(await startFails(folder)).toContain('thesis.txt');
    await expect(mintToken({ state: folder, subject: 'a' })).rejects.toMatchObject({ code: 'invalid_configuration' });
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
    expect(modes(folder)['.']).toBe(before);
    expect(await startFails(join(folder, 'thesis.txt'))).toContain('is a file');
    expect(await startFails(join(folder, 'thesis.txt', 'sub'))).toMatch(/ENOTDIR/);
    expect(await startFails('')).toContain('empty');
  });

  it.skipIf(!posix || root)('that may not be written is a clear error', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    expect(await startFails(join(folder, 'state'))).toMatch(/EACCES.*--state/s);
  });

  it('takes no link that leads nowhere', async () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, 'gone'), join(folder, 'link'));
    expect(await startFails(join(folder, 'link'))).toContain('--state');
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });

  const damages: [what: string, file: string, content: string, message: RegExp][] = [
    ['a key that is no JSON', 'signing-key.json', '{"kty":"EC","d":"SECRET', /signing key .* damaged/],
    ['an empty key', 'signing-key.json', '', /signing key .* damaged/],
    ['a public key', 'signing-key.json', '{"kty":"EC","crv":"P-256","x":"a","y":"b"}', /signing key .* damaged/],
    ['a symmetric key', 'signing-key.json', '{"kty":"oct","k":"SECRET"}', /signing key .* damaged/],
  ];
  it.each(damages)('with %s is a clear error', async (_what, file, content, message) => {
    const state = temporaryFolder();
    await (await startLocalControlPlane({ port: 0, state })).close();
    writeFileSync(join(state, file), content);
    const said = await startFails(state);
    expect(said).toMatch(message);
    expect(said).not.toContain('SECRET');
    // The lock is free again after a failed start.
    expect(await startFails(state)).toMatch(message);
  });

  it('with a damaged memory of its address mints nothing, and a start mends it', async () => {
    const state = temporaryFolder();
    writeFileSync(join(state, 'last-start.json'), '{"url":1}');
    await expect(mintToken({ state, subject: 'a' })).rejects.toThrow(/last-start\.json is damaged/);
    await (await startLocalControlPlane({ port: 0, state })).close();
    await expect(mintToken({ state, subject: 'a' })).resolves.toBeDefined();
  });

  it.skipIf(!posix)('with a key that others can read is refused: it may have come with the folder', async () => {
    const state = temporaryFolder();
    await mintToken({ state, subject: 'a' });
    chmodSync(join(state, 'signing-key.json'), 0o644);
    expect(await startFails(state)).toMatch(/can be read by other users.*chmod 600/);
    await expect(mintToken({ state, subject: 'a' })).rejects.toThrow(/chmod 600/);
  });

  it('in memory leaves no file and no way to mint from outside', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'x'));
    await using one = await startLocalControlPlane({ port: 0, state: ':memory:' });
    await using two = await startLocalControlPlane({ port: 0, state: ':memory:' });
    expect(existsSync(':memory:')).toBe(false);
    await expect(clientsOf(two.url, await one.token('a')).users.userInfo({})).rejects.toThrow(/not signed by this/);
    await expect(mintToken({ state: ':memory:', subject: 'a' })).rejects.toMatchObject({
      code: 'invalid_configuration',
    });
  });
});
