import { request as requestHttp1 } from 'node:http';
import { createClient, type Interceptor } from '@connectrpc/connect';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, failure, openSocket, readAll, requestHttp2, transportOf, WIRES } from './support.js';

const PATHS = [
  '/healthz',
  '/readyz',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/jwks.json',
];

describe('the HTTP routes', () => {
  let plane: LocalControlPlane;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:', allowedHosts: ['Plane.Test', '10.1.2.3'] });
  });
  afterAll(() => plane.close());

  it.each(PATHS)('%s answers GET and HEAD over both versions of HTTP', async (path) => {
    const response = await fetch(`${plane.url}${path}?x=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse((await requestHttp2(plane.url, { ':path': path })).body)).toEqual(await response.json());
    const head = await fetch(`${plane.url}${path}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${plane.url}${path}`, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])(
    '%s has the plane as issuer, and no endpoint that does not exist',
    async (path) => {
      const document: unknown = await (await fetch(`${plane.url}${path}`)).json();
      expect(document).toMatchObject({
        issuer: plane.url,
        jwks_uri: plane.jwksUri,
        response_types_supported: ['id_token'],
      });
      expect(document).not.toHaveProperty('token_endpoint');
      expect(document).not.toHaveProperty('authorization_endpoint');
    },
  );

  it('has the members that OpenID Connect Discovery requires of an issuer without endpoints', async () => {
    const document = await (await fetch(`${plane.url}/.well-known/openid-configuration`)).json();
    expect(document).toMatchObject({
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
  });

  it.each(['/', '/nothing', '/healthz/', '//healthz', '/healthz%2f', '/flyteidl2.auth.IdentityService/Nothing'])(
    'answers unimplemented to %s',
    async (path) => {
      const response = await fetch(`${plane.url}${path}`, { method: 'POST', body: '{}' });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'unimplemented' });
    },
  );

  it('names the method that it does not serve', async () => {
    const url = `${plane.url}/flyteidl2.app.AppService/Get`;
    const response = await fetch(url, { method: 'POST', body: '{}' });
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('flyteidl2.app.AppService/Get.') });
    const headers = { 'content-type': 'application/grpc-web+proto' };
    const asked = await fetch(url, { method: 'POST', body: new Uint8Array(5), headers });
    expect([asked.status, asked.headers.get('content-type'), asked.headers.get('grpc-status')]).toEqual([
      ...[200, 'application/grpc-web+proto', '12'],
    ]);
    expect(decodeURIComponent(asked.headers.get('grpc-message') ?? '')).toContain('flyteidl2.app.AppService/Get.');
  });

  const hosts: [host: string, status: number][] = [
    ['localhost', 200],
    ['LOCALHOST:8090', 200],
    ['127.0.0.1:1', 200],
    ['127.255.0.9', 200],
    ['[::1]', 200],
    ['[::1]:8090', 200],
    ['plane.test', 200],
    ['PLANE.test:443', 200],
    ['10.1.2.3', 200],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['evil.localhost', 403],
    ['localhost.', 403],
    ['127.0.0.1.evil.example', 403],
    ['127.0.0.256', 403],
    ['127.1', 403],
    ['2130706433', 403],
    ['0.0.0.0', 403],
    ['10.1.2.4', 403],
    ['[::ffff:127.0.0.1]', 403],
    ['localhost@evil.example', 403],
    ['evil.example@localhost', 403],
    ['localhost:80:90', 403],
    ['localhost, evil.example', 403],
  ];

  describe.each(hosts)('a request for the host %j', (host, status) => {
    it(`is ${status === 403 ? 'refused' : 'let in'} on every route, by both versions of HTTP`, async () => {
      for (const path of [...PATHS, '/flyteidl2.auth.IdentityService/UserInfo', '/nothing']) {
        const first = await requestWithHost(plane.port, path, host);
        const second = await requestHttp2(plane.url, { ':authority': host, ':path': path }).catch(resetIsRefused);
        expect([first.status === 403, second.status === 403]).toEqual([status === 403, status === 403]);
        expect(second.body).not.toContain('evil');
      }
    });
  });

  it.each([
    ['http://localhost:3000', 200],
    ['https://127.0.0.1', 200],
    ['http://[::1]:1', 200],
    ['https://plane.test', 200],
    ['null', 403],
    ['', 403],
    ['http://evil.example', 403],
    ['http://localhost.evil.example', 403],
    ['http://evil.example/localhost', 403],
    ['http://localhost@evil.example', 403],
    ['file://localhost', 403],
    ['localhost', 403],
  ])('a request from the origin %j is answered %i', async (origin, status) => {
    expect((await fetch(`${plane.url}/healthz`, { headers: { origin } })).status).toBe(status);
    expect((await requestHttp2(plane.url, { origin })).status).toBe(status);
  });

  it('checks each Host of a request, and needs one', async () => {
    for (const [headers, answer] of [
      ['Host: localhost\r\nHost: evil.example\r\n', / (403|400) /],
      ['Host: localhost, evil.example\r\n', / 403 /],
      ['', / (403|400) /],
    ] as const) {
      const socket = await openSocket(plane.port);
      socket.write(`GET /healthz HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
      expect(await readAll(socket)).toMatch(answer);
    }
    const old = await openSocket(plane.port);
    old.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect(await readAll(old)).toMatch(/ 403 /);
    expect((await requestHttp2(plane.url, { ':authority': 'localhost', host: 'evil.example' })).status).toBe(403);
  });

  it.each(WIRES)('tells a client of %s over HTTP/%s: permission_denied', async (...wire) => {
    const transport = transportOf(wire, plane.url, [bearer(await plane.token('alice')), fromElsewhere]);
    expect(await failure(createClient(IdentityService, transport).userInfo({}))).toMatchObject({ code: 7 });
  });
});

/** Node itself resets a stream whose authority can't be one; which texts can't depends on its version. */
function resetIsRefused(error: unknown): { status: number; body: string } {
  expect(error).toHaveProperty('code', 'ERR_HTTP2_STREAM_ERROR');
  return { status: 403, body: '' };
}

/** Says that a call comes from a page of another site. */
const fromElsewhere: Interceptor = (next) => (request) => {
  request.header.set('origin', 'http://evil.example');
  return next(request);
};

/** Sends an HTTP/1.1 request with any Host header. */
async function requestWithHost(port: number, path: string, host: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const call = requestHttp1({ port, host: '127.0.0.1', path, headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    call.on('error', reject).end();
  });
}
