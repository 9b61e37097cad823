import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { freePort, PeopleClient, peopleService } from '../support/grpc.js';
import { ask, bearer } from '../support/http.js';
import { AppFolder } from './support.js';
import { NEST_11, NEST_12, type NestVersions } from './versions.js';

interface Kind {
  readonly name: string;
  readonly type: 'module' | 'commonjs';
  readonly versions: NestVersions;
  /** Whether docs/jest.md is tried with it. */
  readonly jest?: true;
  /** What becomes of an app whose gateway names no guard. */
  readonly openGateway: RegExp;
}

const STARTS = /^it starts$/;
const REFUSED = /Nest 11 applies no app's guard to gateways.*OpenGateway \(hello\)/;

const KINDS: Kind[] = [
  { name: 'Nest 12 in ESM', type: 'module', versions: NEST_12, openGateway: STARTS },
  { name: 'Nest 11 in ESM', type: 'module', versions: NEST_11, openGateway: REFUSED },
  { name: 'Nest 11 in CommonJS', type: 'commonjs', jest: true, versions: NEST_11, openGateway: REFUSED },
];

const JEST = { jest: '30.5.2', 'ts-jest': '29.4.15', '@nestjs/testing': '11.2.6' };

/** The same sources for each kind. */
async function makeApp({ type, versions, jest }: Kind): Promise<AppFolder> {
  const others = { zod: '4.6.7', typescript: versions.typescript, '@types/node': '20.19.43' };
  const dependencies = { ...versions.core, ...versions.transports, ...others, ...(jest && JEST) };
  const app = await AppFolder.make({ type, dependencies });
  await cp(join(import.meta.dirname, 'app'), app.path, { recursive: true });
  await app.run('npm', ['install', '--no-audit', '--no-fund']);
  await app.run('npx', ['--no-install', 'tsc']);
  return app;
}

/** What a socket is told after its first message. */
async function firstAnswer(url: string, headers: Record<string, string>, message: object): Promise<unknown> {
  const socket = new WebSocket(url, { headers });
  await once(socket, 'open');
  socket.send(JSON.stringify(message));
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return JSON.parse(answer.toString());
}

describe.each(KINDS)('an app on $name', (kind) => {
  it('uses the packed libraries over HTTP, GraphQL, WebSockets and gRPC, and runs a task', async () => {
    await using app = await makeApp(kind);
    const planePort = await freePort();
    const plane = `http://127.0.0.1:${planePort}`;
    const local = ['--no-install', 'nestjs-flyte-local'];
    const scope = ['--project', 'flytesnacks', '--domain', 'development'];
    await app.run('npx', [...local, 'secret', 'put', 'proof-key', ...scope], { input: 'seven77' });
    await using _plane = await app.start('npx', [...local, '--port', String(planePort)], {}, `${plane}/healthz`);
    const token = (await app.run('npx', [...local, 'token', 'alice', '--name', 'Alice'])).stdout.trim();
    if (kind.jest) {
      const flags = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
      expect((await app.run('node', flags)).stderr).toMatch(/1 passed/);
    }
    // As late as can be: a port that was free a while ago may be somebody's by now.
    const [appPort, people] = [await freePort(), await peopleService()];
    const url = `http://127.0.0.1:${appPort}`;
    const env = {
      FLYTE_ENDPOINT: plane,
      GRPC_ADDRESS: people.address,
      PROTO_PATH: people.protoPath,
      PORT: String(appPort),
    };
    await using _app = await app.start('node', ['dist/main.js'], env, `${url}/health`);

    expect((await ask(url, '/me')).status).toBe(401);
    expect((await ask(url, '/me', { headers: bearer('not.a.token') })).status).toBe(401);
    expect((await ask(url, '/me', { headers: bearer(token) })).json).toEqual({ subject: 'alice', name: 'Alice' });

    const post = (path: string, body: object, headers = {}) =>
      ask(url, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const query = { query: '{ me { subject } }' };
    expect((await post('/graphql', query)).json).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect((await post('/graphql', query, bearer(token))).json).toEqual({ data: { me: { subject: 'alice' } } });

    const live = (headers = {}) => firstAnswer(`ws://127.0.0.1:${appPort}/live`, headers, { event: 'me' });
    expect(await live()).toMatchObject({ event: 'exception', data: { code: 'unauthenticated' } });
    expect(await live(bearer(token))).toEqual({ event: 'me', data: 'alice' });
    expect((await app.run('node', ['dist/open-gateway.js'])).stdout).toMatch(kind.openGateway);

    using client = new PeopleClient(people.address, people.protoPath);
    expect(await client.unary('Me')).toMatchObject({ code: 16 });
    expect(await client.unary('Me', bearer(token))).toEqual({ subject: 'alice' });

    expect((await post('/count', { text: 'one two three' })).status).toBe(401);
    expect((await post('/count', { text: 'one two three' }, bearer(token))).json).toEqual({ words: 3, key: 7 });
  });
});
