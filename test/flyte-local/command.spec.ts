import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { mintToken, startLocalControlPlane } from 'nestjs-flyte-local';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  BIN,
  clientsOf,
  explainSkip,
  finish,
  runCommand,
  selfSigned,
  startCommand,
  takenPort,
  temporaryFolder,
} from './support.js';

const certificate = selfSigned();
explainSkip(certificate === undefined, 'the TLS test, because there is no openssl command');
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

describe('the command', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('serves until %s, and prints an address and no token', async (signal) => {
    const folder = temporaryFolder();
    const child = startCommand(folder, '--port', '0', '--verbose');
    const ended = finish(child);
    const url = await addressOf(child);
    const minted = await runCommand(folder, 'token', 'alice', '--name', 'Alice A', '--email', 'a@example.com');
    expect(minted).toMatchObject({ code: 0, stderr: '' });
    expect(minted.stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { users } = clientsOf(url, minted.stdout.trim());
    await expect(users.userInfo({})).resolves.toMatchObject({
      subject: 'alice',
      name: 'Alice A',
      email: 'a@example.com',
    });
    child.kill(signal);
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/UserInfo alice ok \d/);
    expect(stdout).not.toMatch(JWT);
    expect(readdirSync(folder)).toEqual(['.flyte-local']);
  });

  it('is quiet about calls without --verbose', async () => {
    const folder = temporaryFolder();
    const child = startCommand(folder, '--port', '0', '--auth', 'optional', '--state', 'here');
    const ended = finish(child);
    await clientsOf(await addressOf(child)).projects.listProjects({});
    child.kill('SIGTERM');
    const { stdout } = await ended;
    expect(stdout).toContain('--state "here"');
    expect(stdout).toMatch(/create a run can execute commands on this machine as \S+/);
    expect(stdout).not.toContain('ListProjects');
  });

  it('mints before the plane ever ran, with all claims', async () => {
    const folder = temporaryFolder();
    const flags = [
      '--project',
      'a',
      '--project',
      'b',
      '--expires-in',
      '60',
      '--audience',
      'x',
      '--state',
      'deep/state',
    ];
    const { stdout, code } = await runCommand(folder, 'token', 'alice', ...flags);
    expect(code).toBe(0);
    const claims = decodeJwt(stdout.trim());
    expect(claims).toMatchObject({ sub: 'alice', projects: ['a', 'b'], aud: 'x', iss: 'http://127.0.0.1:8090' });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
    await using plane = await startLocalControlPlane({ port: 0, state: join(folder, 'deep/state'), audience: 'x' });
    expect(await clientsOf(plane.url, stdout.trim()).users.userInfo({})).toMatchObject({ subject: 'alice' });
    expect(decodeJwt(await mintToken({ state: join(folder, 'deep/state'), subject: 'b' }))).toMatchObject({
      iss: plane.url,
      aud: 'x',
    });
  });

  it('takes --state on either side of the word token', async () => {
    const folder = temporaryFolder();
    await runCommand(folder, '--state', 'one', 'token', 'alice');
    expect(readdirSync(folder)).toEqual(['one']);
  });

  it.concurrent.each([
    [['--port', 'x'], /--port.*whole number/s],
    [['--port', '70000'], /`port` is 70000/],
    [['--port'], /argument missing/],
    [['--auth', 'none'], /required, optional/],
    [['--nonsense'], /unknown option '--nonsense'/],
    [['nonsense'], /too many arguments|unknown command/],
    [['--host', '0.0.0.0'], /--allow-remote.*--tls-cert/],
    [['--host', '0.0.0.0', '--allow-remote'], /--tls-cert/],
    [['--allowed-host', 'http://x'], /`allowedHosts`/],
    [['--max-concurrent-streams', '0'], /`maxConcurrentStreams`/],
    [['--max-concurrent-actions', '0'], /`maxConcurrentActions`/],
    [['--abort-grace', '-1'], /--abort-grace.*whole number/s],
    [['--working-directory', 'nowhere'], /`workingDirectory` is "nowhere"/],
    [['--tls-cert', 'c.pem'], /--tls-cert and --tls-key go together/],
    [['--tls-cert', 'c.pem', '--tls-key', 'k.pem'], /c\.pem can't be read \(ENOENT\)/],
    [['token'], /missing required argument 'subject'/],
    [['token', ''], /subject of a token/],
    [['token', 'a', 'b'], /too many arguments/],
    [['token', 'a', '--expires-in', '0'], /above 0/],
    [['token', 'a', '--expires-in', '1h'], /whole number/],
    [['token', 'a', '--port', '1'], /unknown option/],
  ])('called wrongly with %j says so and exits 2', async (flags, message) => {
    const { code, stdout, stderr } = await runCommand(temporaryFolder(), ...flags);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('prints help and exits 0', async () => {
    for (const flags of [['--help'], ['token', '--help']]) {
      const { code, stdout } = await runCommand(temporaryFolder(), ...flags);
      expect(code).toBe(0);
      expect(stdout).toContain('--state');
    }
  });

  it('says what to do about a taken port, a taken folder and a foreign one, and exits 1', async () => {
    const folder = temporaryFolder();
    await using server = await takenPort();
    const taken = await runCommand(folder, '--port', String(server.port));
    expect([taken.code, taken.stdout]).toEqual([1, '']);
    expect(taken.stderr).toMatch(/^Port \d+ on 127\.0\.0\.1 is taken/);
    await using _plane = await startLocalControlPlane({ port: 0, state: join(folder, '.flyte-local') });
    const second = await runCommand(folder, '--port', '0');
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^Another local control plane is using/);
    const other = temporaryFolder();
    writeFileSync(join(other, 'thesis.txt'), '');
    const foreign = await runCommand(other, 'token', 'alice', '--state', '.');
    expect([foreign.code, foreign.stdout]).toEqual([1, '']);
    expect(foreign.stderr).toContain('thesis.txt');
  });

  it.skipIf(certificate === undefined)('serves TLS from files', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'c.pem'), certificate?.cert ?? '');
    writeFileSync(join(folder, 'k.pem'), certificate?.key ?? '');
    const child = startCommand(folder, '--port', '0', '--tls-cert', 'c.pem', '--tls-key', 'k.pem');
    const ended = finish(child);
    expect(await addressOf(child)).toMatch(/^https:\/\/127\.0\.0\.1:\d+/);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });

  it('says that it is not built, where it is not', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'bin'));
    cpSync(BIN, join(folder, 'bin', 'run.mjs'));
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [join(folder, 'bin', 'run.mjs')], { stdio: ['ignore', 'pipe', 'pipe'] });
    expect(await finish(child)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'nestjs-flyte-local has not been built yet. Run `npm run build` first.\n',
    });
  });
});
