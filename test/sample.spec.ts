import { spawn } from 'node:child_process';
import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../src/create-app.js';
import { ADAPTERS, LogLines } from './support/app.js';
import { ask, bearer, freePort, open } from './support/http.js';
import { startPlane } from './support/plane.js';

const root = join(import.meta.dirname, '..');

describe.each(ADAPTERS)('the sample app on %s', (adapter) => {
  let plane: LocalControlPlane;
  let app: INestApplication;
  let url: string;
  beforeAll(async () => {
    plane = await startPlane();
    vi.stubEnv('FLYTE_ENDPOINT', plane.url);
    app = await createApp(adapter, { logger: new LogLines() });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await app.close();
    await plane.close();
  });

  it('answers as documented', async () => {
    const headers = bearer(await plane.token('alice', { name: 'Alice', projects: ['flytesnacks'] }));
    expect((await ask(url, '/health')).json).toEqual({ status: 'ok' });
    expect((await ask(url, '/me')).status).toBe(401);
    expect((await ask(url, '/me', { headers })).json).toEqual({ subject: 'alice', name: 'Alice' });
    const domains = ['development', 'staging', 'production'];
    expect((await ask(url, '/projects', { headers })).json).toEqual([
      { id: 'flytesnacks', name: 'flytesnacks', domains },
    ]);
  });

  it('streams the caller’s subject, asked anew at each tick', async () => {
    const response = await open(url, '/me/stream', { headers: bearer(await plane.token('bob')) });
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.split('data: ').length > 2) break;
    }
    expect(text.match(/(?<=^data: ).*/gm)).toEqual(['{"subject":"bob"}', '{"subject":"bob"}']);
  });

  it('runs a task with its secret, as the caller', async () => {
    // As the one that `npm test` sets: tasks run by the command of the package.
    vi.stubEnv('PATH', `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`);
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const value = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const headers = bearer(await plane.token('alice'));
    const json = { ...headers, 'content-type': 'application/json' };
    const send = (method: string, path: string, body?: object) =>
      ask(url, path, { method, ...(body ? { headers: json, body: JSON.stringify(body) } : { headers }) });

    expect((await send('PUT', '/secrets/signing-key', { value: 7 })).status).toBe(400);
    expect((await send('PUT', '/secrets/signing-key', { value })).status).toBe(204);
    expect((await ask(url, '/secrets', { headers })).json).toEqual([{ name: 'signing-key' }]);
    expect((await ask(url, '/tasks', { headers })).text).toMatch(/"signing\.sign"/);

    const started = await send('POST', '/runs/signing.sign', { text: 'hello' });
    expect([started.status, started.json]).toEqual([201, { name: expect.stringMatching(/^[a-z][a-z0-9-]{0,29}$/) }]);
    const { name } = started.json as { name: string };
    const { outputs } = (await ask(url, `/runs/${name}/io`, { headers })).json as { outputs: { signature: string } };
    expect(verify(null, Buffer.from('hello'), publicKey, Buffer.from(outputs.signature, 'base64'))).toBe(true);
    const info = { name, task: 'signing.sign', phase: 'succeeded', done: true };
    expect((await ask(url, `/runs/${name}`, { headers })).json).toEqual(info);
    expect((await ask(url, `/runs/${name}/logs`, { headers })).text).toContain('signing 5 characters');

    expect((await send('POST', '/runs/no.such', {})).status).toBe(404);
    expect((await send('POST', '/runs/signing.sign', { text: 7 })).text).toMatch(/"statusCode":400.*inputs\.text/);
    expect((await ask(url, '/runs/nosuchrun', { headers })).status).toBe(404);
    expect((await ask(url, `/runs/${name}`)).status).toBe(401);
    expect((await send('DELETE', '/secrets/signing-key')).status).toBe(204);
    expect((await ask(url, '/secrets', { headers })).json).toEqual([]);
  });

  it('ships an order by children of its run, once somebody approves', async () => {
    vi.stubEnv('PATH', `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`);
    const headers = { ...bearer(await plane.token('alice')), 'content-type': 'application/json' };
    const send = (path: string, body: object) =>
      ask(url, path, { method: 'POST', headers, body: JSON.stringify(body) });
    const { name } = (await send('/runs/orders.ship', { ids: ['a', 'b'] })).json as { name: string };
    expect((await send(`/runs/${name}/approval`, { ok: 'yes' })).status).toBe(400);
    await expect.poll(async () => (await send(`/runs/${name}/approval`, { ok: false })).status).toBe(201);
    const { outputs } = (await ask(url, `/runs/${name}/io`, { headers })).json as { outputs: object };
    const parcels = ['a', 'b'].map((id) => expect.stringMatching(new RegExp(`^${id} in [0-9a-z]{25}$`)) as string);
    expect(outputs).toEqual({ parcels, note: 'held' });
  });

  it('documents itself at /docs, with bearer auth', async () => {
    expect((await ask(url, '/docs')).text).toMatch(/swagger/i);
    const { paths, components } = (await ask(url, '/docs-json')).json as Record<
      'paths' | 'components',
      Record<string, unknown>
    >;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/health', '/me', '/me/stream', '/projects', '/runs/{task}']),
    );
    expect(paths['/me']).toMatchObject({ get: { security: [{ bearer: [] }] } });
    expect(components).toMatchObject({ securitySchemes: { bearer: { scheme: 'bearer' } } });
  });
});

describe('the commands', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Runs a tool in a folder of its own, so that its state is too. */
  async function tool(args: string[], env: Record<string, string> = {}) {
    folder ??= await mkdtemp(join(tmpdir(), 'commands-'));
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
    const printed = { out: '', err: '' };
    child.stdout.on('data', (data) => (printed.out += String(data)));
    child.stderr.on('data', (data) => (printed.err += String(data)));
    return { child, printed, ended: once(child, 'exit').then(([code]) => code as number | null) };
  }
  const start = join(root, 'tools/start.mjs');

  it('start prints both addresses, a token and a curl line that works, and ends both', async () => {
    const [planePort, appPort] = [await freePort(), await freePort()];
    folder = await mkdtemp(join(tmpdir(), 'commands-'));
    const ports = { FLYTE_LOCAL_PORT: String(planePort), PORT: String(appPort) };
    const { child, printed, ended } = await tool([start], { ...ports, FLYTE_LOCAL_STATE: join(folder, 'state') });
    await expect.poll(() => printed.out).toContain('Ctrl-C ends both.');
    for (const address of [`http://127.0.0.1:${planePort}`, `http://127.0.0.1:${appPort}`])
      expect(printed.out).toContain(address);
    const [, token = '', url = ''] = /curl -H "Authorization: Bearer (\S+)" (\S+)/.exec(printed.out) ?? [];
    const { origin, pathname } = new URL(url);
    expect((await ask(origin, pathname, { headers: bearer(token) })).json).toEqual({
      subject: 'alice',
      name: 'Alice',
    });
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    await expect(ask(origin, '/health')).rejects.toThrow(/ECONNREFUSED/);
    await expect(ask(`http://127.0.0.1:${planePort}`, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
  });

  it.each(['FLYTE_LOCAL_PORT', 'PORT'])('start says which port is taken: %s', async (taken) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    folder = await mkdtemp(join(tmpdir(), 'commands-'));
    const ports = { FLYTE_LOCAL_PORT: String(await freePort()), PORT: String(await freePort()), [taken]: port };
    const { printed, ended } = await tool([start], { ...ports, FLYTE_LOCAL_STATE: join(folder, 'state') });
    expect(await ended).toBe(1);
    expect(printed.out + printed.err).toMatch(new RegExp(`port ${port}.*(taken|in use)`, 'i'));
    expect(printed.out).not.toContain('eyJ');
    server.close();
  });

  it('token prints a token and nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'commands-'));
    const bin = join(root, 'libs/flyte-local/bin/nestjs-flyte-local.js');
    const { printed, ended } = await tool([bin, 'token', 'alice', '--name', 'Alice']);
    expect(await ended).toBe(0);
    expect(printed.out.trim()).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(printed.err).toBe('');
  });
});
