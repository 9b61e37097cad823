import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { createClient } from '@connectrpc/connect';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, explainSkip, failure, openSocket, readAll, selfSigned, transportOf, WIRES } from './support.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const certificate = selfSigned();
explainSkip(certificate === undefined, 'the TLS tests, because there is no openssl command');

describe('the wire', () => {
  let plane: LocalControlPlane;
  let token: string;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
    token = await plane.token('alice', { name: 'Alice' });
  });
  afterAll(() => plane.close());

  describe.each(WIRES)('%s over HTTP/%s', (...wire) => {
    it('serves a caller', async () => {
      const users = createClient(IdentityService, transportOf(wire, plane.url, [bearer(token)]));
      await expect(users.userInfo({})).resolves.toMatchObject({ subject: 'alice', name: 'Alice' });
    });

    it('refuses who has no token', async () => {
      const users = createClient(IdentityService, transportOf(wire, plane.url));
      expect(await failure(users.userInfo({}))).toMatchObject({ code: 16 });
    });

    it('carries codes and messages of errors', async () => {
      const projects = createClient(ProjectService, transportOf(wire, plane.url, [bearer(token)]));
      const error = await failure(projects.getProject({ id: 'näh' }));
      expect(error).toMatchObject({ code: 5, rawMessage: 'There is no project "näh".' });
    });

    it('answers unimplemented to what it does not serve, unary and streaming', async () => {
      const runs = createClient(RunService, transportOf(wire, plane.url, [bearer(token)]));
      expect(await failure(runs.getActionData({}))).toMatchObject({ code: 12 });
      const stream = runs.watchRunDetails({})[Symbol.asyncIterator]();
      expect(await failure(stream.next())).toMatchObject({ code: 12 });
    });

    it.skipIf(certificate === undefined)('works over TLS', async () => {
      await using secure = await startLocalControlPlane({ port: 0, state: ':memory:', tls: certificate });
      expect(secure.url).toBe(`https://127.0.0.1:${secure.port}`);
      const transport = transportOf(wire, secure.url, [bearer(await secure.token('bob'))], certificate?.cert);
      await expect(createClient(IdentityService, transport).userInfo({})).resolves.toMatchObject({ subject: 'bob' });
    });
  });

  it.skipIf(certificate === undefined)(
    'speaks HTTP/1.1 to a TLS client without ALPN, and never plaintext',
    async () => {
      await using secure = await startLocalControlPlane({ port: 0, state: ':memory:', tls: certificate });
      const socket = connectTls({ port: secure.port, host: '127.0.0.1', ca: certificate?.cert });
      await once(socket, 'secureConnect');
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
      const plain = await openSocket(secure.port);
      plain.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      expect(await readAll(plain)).not.toContain('HTTP/1.1 200');
    },
  );

  it('knows HTTP/2 however its preface is split', async () => {
    const bytes = Buffer.concat([Buffer.from(PREFACE), EMPTY_SETTINGS]);
    const splits = Array.from({ length: bytes.length - 1 }, (_, at) => [
      bytes.subarray(0, at + 1),
      bytes.subarray(at + 1),
    ]);
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    const types = await Promise.all([...splits, single].map((parts) => firstFrameType(parts)));
    // A SETTINGS frame comes first (RFC 9113, 3.4).
    expect(new Set(types)).toEqual(new Set([4]));
  });

  it.each([
    ['a request', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 200 /],
    ['a request that begins like the preface', 'PRI / HTTP/1.1\r\nHost: localhost\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a method that begins with P', 'PUT /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', / 405 /],
    ['a preface that ends wrongly', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r', /^HTTP\/1\.1 400 /],
    ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', /^HTTP\/1\.1 400 /],
    ['zero bytes', '\u0000'.repeat(64), /^HTTP\/1\.1 400 /],
  ])('reads %s as HTTP/1.1, in one piece and byte by byte', async (_name, text, answer) => {
    for (const parts of [[text], text.split('')]) {
      const socket = await openSocket(plane.port);
      const answered = readAll(socket);
      for (const part of parts) {
        // The plane may have seen enough, and have hung up.
        if (socket.writable) socket.write(part, 'latin1');
        if (parts.length > 1) await new Promise(setImmediate);
      }
      expect(await answered).toMatch(answer);
    }
  });

  it('answers a client that ends its side after the request', async () => {
    const socket = await openSocket(plane.port);
    socket.end('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('goes on when clients reset, hang up in the preface, or send nonsense as HTTP/2', async () => {
    for (const text of ['', 'P', PREFACE.slice(0, 20), `${PREFACE}nonsense that is no frame at all`]) {
      const socket = await openSocket(plane.port);
      socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 10));
      socket.resetAndDestroy();
      (await openSocket(plane.port)).end(text);
    }
    const session = connectHttp2(plane.url);
    const stream = session.request({ ':path': '/healthz' });
    stream.on('error', () => {});
    const closed = new Promise((resolve) => stream.on('close', resolve));
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    await closed;
    session.destroy();
    expect((await fetch(`${plane.url}/healthz`)).status).toBe(200);
  });

  it('tells HTTP/2 clients its limit of streams', async () => {
    await using limited = await startLocalControlPlane({ port: 0, state: ':memory:', maxConcurrentStreams: 3 });
    const session = connectHttp2(limited.url);
    await once(session, 'remoteSettings');
    expect(session.remoteSettings.maxConcurrentStreams).toBe(3);
    session.close();
  });

  /** The type of a frame is its fourth byte. */
  async function firstFrameType(parts: readonly Buffer[]): Promise<number | undefined> {
    const socket = await openSocket(plane.port);
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const frame = await answer;
    socket.destroy();
    return frame[3];
  }
});
