import type { IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect';
import { Controller, Get, Req } from '@nestjs/common';
import { authMetadata, FlyteClient, FlyteModule, UserService, type FlyteModuleOptions } from 'nestjs-flyte';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import type { LocalControlPlane, LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { afterEach, expect, it } from 'vitest';
import { selfSigned } from '../flyte-local/support.js';
import { startApp } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

const toEnd: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).toReversed()) await end();
});

async function plane(options: LocalControlPlaneOptions): Promise<LocalControlPlane> {
  const started = await startPlane(options);
  toEnd.push(() => started.close());
  return started;
}

async function client(options: FlyteModuleOptions): Promise<FlyteClient> {
  const { app } = await startApp({ imports: [FlyteModule.forRoot({ passthrough: true, ...options })] });
  toEnd.push(() => app.close());
  return app.get(FlyteClient);
}

/** A way to a port that counts the connections which come by. */
async function countingProxy(port: number) {
  const connections = { opened: 0, open: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections.opened++;
    connections.open++;
    const onward = connect(port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => connections.open--);
    for (const end of [socket, onward]) sockets.add(end.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toEnd.push(async () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

it('only calls that read are repeated', async () => {
  const calls: string[] = [];
  const draining: Interceptor =
    () =>
    async ({ method }) => {
      calls.push(method.name);
      throw new ConnectError('draining', Code.Unavailable);
    };
  const there = await plane({ interceptors: [draining] });
  const { transport } = await client({ endpoint: there.url, retries: 2 });
  const projects = createClient(ProjectService, transport);
  await authMetadata(bearer(await there.token('alice')), async () => {
    const project = { id: 'p' };
    for (const call of [() => projects.createProject({ project }), () => projects.updateProject({ project })]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(calls).toEqual(['CreateProject', 'UpdateProject']);
    await expect(projects.getProject(project)).rejects.toMatchObject({ code: 'unavailable' });
    expect(calls.slice(2)).toEqual(['GetProject', 'GetProject', 'GetProject']);
  });
});

it.each(['connect', 'grpc'] as const)('a call names this library and its version, over %s', async (protocol) => {
  const agents: (string | null)[] = [];
  const there = await plane({
    interceptors: [(next) => (request) => (agents.push(request.header.get('user-agent')), next(request))],
  });
  const { users } = await client({ endpoint: there.url, protocol });
  await authMetadata(bearer(await there.token('alice')), () => users.get());
  expect(agents).toEqual([expect.stringMatching(/^nestjs-flyte\/\d+\.\d+\.\d+/)]);
});

it('calls and streams go on connections of their own', async () => {
  const there = await plane({
    routes: (router) => {
      router.service(RunService, {
        async *watchRunDetails(_request, { signal }) {
          yield {};
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
      });
    },
  });
  const { url, connections } = await countingProxy(there.port);
  const flyte = await client({ endpoint: url });
  await authMetadata(bearer(await there.token('alice')), async () => {
    const runs = createClient(RunService, flyte.transport);
    await Promise.all(Array.from({ length: 5 }, () => flyte.users.get()));
    expect(connections.opened).toBe(1);
    const stop = new AbortController();
    const stream = runs.watchRunDetails({ runId: { name: 'r' } }, { signal: stop.signal });
    await stream[Symbol.asyncIterator]().next();
    expect(connections.opened).toBe(2);
    await flyte.users.get();
    expect(connections.opened).toBe(2);
    stop.abort();
  });
});

it('connections end with the app', async () => {
  const there = await plane({});
  const { url, connections } = await countingProxy(there.port);
  const { app } = await startApp({ imports: [FlyteModule.forRoot({ passthrough: true, endpoint: url })] });
  const { users } = app.get(FlyteClient);
  await authMetadata(bearer(await there.token('alice')), () => users.get());
  expect(connections).toEqual({ opened: 1, open: 1 });
  await app.close();
  await expect.poll(() => connections.open).toBe(0);
});

it('org and project are the module’s where a call names none, and the narrowed client’s before that', async () => {
  const asked: unknown[] = [];
  const record: Interceptor = (next) => (request) => {
    const { id, org } = request.message as { id?: string; org?: string };
    asked.push([request.method.name, id, org]);
    return next(request);
  };
  const there = await plane({ interceptors: [record] });
  const flyte = await client({ endpoint: there.url, org: 'acme', project: 'flytesnacks' });
  await authMetadata(bearer(await there.token('alice')), async () => {
    await flyte.projects.get();
    for await (const _ of flyte.projects.list());
    const narrowed = flyte.with({ org: 'other', project: 'p' });
    await expect(narrowed.projects.get()).rejects.toMatchObject({ code: 'not_found' });
    await narrowed.with({ org: undefined }).projects.get('flytesnacks');
  });
  expect(asked).toEqual([
    ['GetProject', 'flytesnacks', 'acme'],
    ['ListProjects', undefined, 'acme'],
    ['GetProject', 'p', 'other'],
    ['GetProject', 'flytesnacks', 'other'],
  ]);
});

it('a narrowed client has a time of its own', async () => {
  const hanging: Interceptor = () => (request) =>
    new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new ConnectError('gone'))));
  const there = await plane({ interceptors: [hanging] });
  const flyte = await client({ endpoint: there.url, timeoutMs: 3_600_000 });
  const { users } = flyte.with({ timeoutMs: 100 });
  const asking = authMetadata(bearer(await there.token('alice')), async () => users.get());
  await expect(asking).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

it('credentials given by hand in a request do not end with its client', async () => {
  let [started, left] = [0, false];
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  const waiting: Interceptor = (next) => async (request) => {
    started++;
    await gate;
    return next(request);
  };
  const there = await plane({ interceptors: [waiting] });
  const other = bearer(await there.token('bob'));
  const answered: (string | undefined)[] = [];
  @Controller()
  class Other {
    constructor(private readonly users: UserService) {}
    @Get('other') async other(@Req() request: IncomingMessage) {
      request.socket.once('close', () => (left = true));
      const { subject } = await authMetadata(other, () => this.users.get());
      answered.push(subject);
    }
  }
  const imports = [FlyteModule.forRoot({ passthrough: true, endpoint: there.url })];
  const { app, url } = await startApp({ controllers: [Other], imports });
  toEnd.push(() => app.close());
  const leaving = new AbortController();
  const answer = ask(url, '/other', { headers: bearer(await there.token('alice')), signal: leaving.signal });
  await expect.poll(() => started).toBe(1);
  leaving.abort();
  await expect(answer).rejects.toThrow(/abort/);
  await expect.poll(() => left).toBe(true);
  goOn();
  await expect.poll(() => answered).toEqual(['bob']);
});

const certificate = selfSigned();

it.skipIf(!certificate)('TLS: the authority that is named is believed, the client’s certificate shown', async () => {
  const seen: unknown[] = [];
  const server = createSecureServer({ ...certificate, ca: certificate?.cert, requestCert: true });
  server.on('secureConnection', (socket: TLSSocket) =>
    seen.push([socket.authorized, socket.getPeerCertificate().subject]),
  );
  server.on('stream', (stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/proto' }, { endStream: true }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toEnd.push(async () => server.close());
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = { ca: certificate?.cert, cert: certificate?.cert, key: Buffer.from(certificate?.key ?? '') };
  const call = async (flyte: FlyteClient) => authMetadata({ authorization: 'Bearer x' }, () => flyte.users.get());
  await call(await client({ endpoint, tls }));
  expect(seen).toEqual([[true, { CN: 'localhost' }]]);
  await expect(call(await client({ endpoint }))).rejects.toMatchObject({
    detail: expect.stringMatching(/self-signed/),
  });
});

it('what Flyte says of a part of a credential is taken out too', async () => {
  const parts: Interceptor =
    () =>
    async ({ header }) => {
      const token = header.get('authorization')?.slice('Bearer '.length);
      const cookie = header.get('cookie')?.split('; ')[1]?.slice('flyte='.length);
      throw new ConnectError(`no such session: ${cookie}, nor token: ${token}`, Code.NotFound);
    };
  const there = await plane({ interceptors: [parts] });
  const { users } = await client({ endpoint: there.url });
  const headers = { ...bearer(await there.token('alice')), cookie: 'theme=dark; flyte=a-session-0123456789' };
  await expect(authMetadata(headers, () => users.get())).rejects.toMatchObject({
    message: 'no such session: ***, nor token: ***',
  });
});
