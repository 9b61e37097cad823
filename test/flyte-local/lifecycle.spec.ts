import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { ConnectError, createClient } from '@connectrpc/connect';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { startLocalControlPlane, type CallLogEntry, type LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { describe, expect, it } from 'vitest';
import {
  bearer,
  clientsOf,
  explainSkip,
  failure,
  openSocket,
  readAll,
  selfSigned,
  signal,
  takenPort,
  transportOf,
} from './support.js';

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
explainSkip(!hasIPv6, 'the test of IPv6, because this machine has no ::1');
const certificate = selfSigned();
explainSkip(certificate === undefined, 'the TLS tests, because there is no openssl command');

/** Starts a plane in memory on a free port. */
const start = (options: LocalControlPlaneOptions = {}) =>
  startLocalControlPlane({ port: 0, state: ':memory:', ...options });

describe('a plane', () => {
  it('says what it is', async () => {
    await using plane = await start({ audience: 'mine' });
    expect(plane.url).toBe(`http://127.0.0.1:${plane.port}`);
    expect(plane.jwksUri).toBe(`${plane.url}/.well-known/jwks.json`);
    expect(plane.audience).toBe('mine');
  });

  it('can be started twice in one process, and each is itself', async () => {
    await using one = await start();
    await using two = await start();
    expect(one.port).not.toBe(two.port);
    expect(await failure(clientsOf(two.url, await one.token('a')).users.userInfo({}))).toMatchObject({ code: 16 });
  });

  it.skipIf(!hasIPv6)('listens on the loopback of IPv6 too', async () => {
    await using plane = await start({ host: '::1' });
    expect(plane.url).toBe(`http://[::1]:${plane.port}`);
    expect((await fetch(`${plane.url}/healthz`)).status).toBe(200);
  });

  it('says what to do about a taken port, and leaves its state usable', async () => {
    await using taken = await takenPort();
    const { port } = taken;
    await expect(start({ port })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: `Port ${port} on 127.0.0.1 is taken. Stop the program that listens there, or choose another port with the option \`port\` or the flag --port; 0 takes a free one.`,
    });
  });

  it.each<[LocalControlPlaneOptions, RegExp]>([
    [{ host: '0.0.0.0' }, /--allow-remote.*--tls-cert/],
    [{ host: '::', allowRemote: true }, /--tls-cert/],
    [{ host: '192.0.2.1', allowRemote: true, tls: { cert: 'c', key: 'k' }, auth: 'optional' }, /--auth required/],
    [{ host: 'http://localhost' }, /option `host`/],
    [{ host: 'localhost:80' }, /option `host`/],
    [{ port: -1 }, /option `port`/],
    [{ port: 65_536 }, /option `port`/],
    [{ port: Number.NaN }, /option `port`/],
    [{ allowedHosts: ['http://a'] }, /option `allowedHosts`/],
    [{ allowedHosts: ['a:80'] }, /option `allowedHosts`/],
    [{ maxConcurrentStreams: 0 }, /option `maxConcurrentStreams`/],
    [{ audience: '' }, /option `audience`/],
    [{ tls: { cert: 'no PEM', key: 'SECRET' } }, /TLS certificate and key/],
  ])('does not start with %j', async (options, message) => {
    const error = await start(options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'FlyteError', code: 'invalid_configuration' });
    expect(error).toHaveProperty('message', expect.stringMatching(message));
    expect(String(error)).not.toContain('SECRET');
  });

  it.skipIf(certificate === undefined)(
    'may listen for other machines with TLS, required auth and the flag',
    async () => {
      await using plane = await start({
        host: '0.0.0.0',
        allowRemote: true,
        tls: certificate,
        allowedHosts: ['plane.test'],
      });
      expect(plane.url).toBe(`https://plane.test:${plane.port}`);
      const socket = connectTls({
        port: plane.port,
        host: '127.0.0.1',
        ca: certificate?.cert,
        servername: 'localhost',
      });
      socket.write('GET /healthz HTTP/1.1\r\nHost: plane.test\r\nConnection: close\r\n\r\n');
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

describe('close', () => {
  it.each([
    ['in plaintext', undefined],
    ['over TLS', certificate],
  ])('ends idle and open connections quickly, and twice is once (%s)', async (_how, tls) => {
    const entered = signal();
    const plane = await start({
      tls,
      interceptors: [
        () => async () => {
          entered.happen();
          return new Promise<never>(() => {});
        },
      ],
    });
    const open = { rejectUnauthorized: false, servername: 'localhost' };
    const silent = await openSocket(plane.port);
    const partial = await openSocket(plane.port);
    partial.write(tls === undefined ? 'PRI * HT' : '\u0016\u0003');
    const session = connectHttp2(plane.url, open);
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    const agent = new Agent({ keepAlive: true });
    if (tls === undefined) {
      await new Promise((resolve) => get(`${plane.url}/healthz`, { agent }, (answer) => resolve(answer.resume())));
    }
    const transport = transportOf(['grpc', '2'], plane.url, [bearer(await plane.token('a'))], tls?.cert);
    const hanging = failure(createClient(RunService, transport).getRunDetails({})).catch(() => undefined);
    const users = clientsOf(plane.url, await plane.token('a')).users;
    const unary = tls === undefined ? failure(users.userInfo({})) : Promise.resolve(undefined);
    if (tls === undefined) await entered.happened;

    const ended = [silent, partial].map((socket) => readAll(socket));
    // What hangs would do so for ever.
    await Promise.all([plane.close(), plane.close()]);
    await Promise.all([...ended, hanging, unary]);
    await plane.close();
    await expect(openSocket(plane.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    session.destroy();
    agent.destroy();
  });

  it('tells watchers, which end by themselves', async () => {
    const log: CallLogEntry[] = [];
    const plane = await start({
      logger: (entry) => log.push(entry),
      routes: (router) =>
        router.service(RunService, {
          async *watchRunDetails(_request, { signal: end }) {
            yield {};
            await new Promise((_resolve, reject) =>
              end.addEventListener('abort', () => reject(ConnectError.from(end.reason))),
            );
          },
        }),
    });
    const transport = transportOf(['grpc', '2'], plane.url, [bearer(await plane.token('a'))]);
    const stream = createClient(RunService, transport).watchRunDetails({})[Symbol.asyncIterator]();
    await stream.next();
    expect(log).toEqual([]);
    const next = failure(stream.next());
    await plane.close();
    expect(await next).toMatchObject({ code: 14, rawMessage: 'The control plane is shutting down.' });
    expect(log).toMatchObject([{ subject: 'a', code: 'unavailable' }]);
  });

  it('is seen by a call that the client gives up', async () => {
    const aborted = signal();
    const begun = signal();
    await using plane = await start({
      interceptors: [
        () => async (request) => {
          request.signal.addEventListener('abort', () => aborted.happen());
          begun.happen();
          return new Promise<never>(() => {});
        },
      ],
    });
    const control = new AbortController();
    const call = failure(clientsOf(plane.url, await plane.token('a')).users.userInfo({}, { signal: control.signal }));
    await begun.happened;
    control.abort();
    expect(await call).toMatchObject({ code: 1 });
    await aborted.happened;
  });
});

describe('many callers at once', () => {
  it('are each told their own name', async () => {
    await using plane = await start();
    const transport = transportOf(['connect', '2'], plane.url);
    const names = Array.from({ length: 300 }, (_, at) => `caller-${at}`);
    const { IdentityService } = await import('nestjs-flyte/idl/auth/identity');
    const users = createClient(IdentityService, transport);
    const told = await Promise.all(
      names.map(async (name) => {
        const headers = { authorization: `Bearer ${await plane.token(name)}` };
        return (await users.userInfo({}, { headers })).subject;
      }),
    );
    expect(told).toEqual(names);
  });
});
