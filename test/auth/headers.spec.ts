import { connect } from 'node:net';
import { Controller, Get } from '@nestjs/common';
import {
  authMetadata,
  FlyteClient,
  FlyteModule,
  fromAuthorization,
  fromCookie,
  fromHeader,
  getAuthMetadata,
  OptionalFlyteAuth,
  UserService,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Controller()
class Routes {
  constructor(
    private readonly users: UserService,
    private readonly flyte: FlyteClient,
  ) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
  @Get('service') async service() {
    return { subject: (await this.flyte.with({ credentials: 'service' }).users.get()).subject };
  }
  @Get('metadata') metadata() {
    return { entries: getAuthMetadata()?.entries() };
  }
  @Get('optional') @OptionalFlyteAuth() optional() {
    return { names: getAuthMetadata()?.names };
  }
}

let plane: LocalControlPlane;
let alice: string;
/** The headers of the last call to Flyte. */
let received = new Headers();
beforeAll(async () => {
  plane = await startPlane({
    interceptors: [
      (next) => (request) => {
        received = request.header;
        return next(request);
      },
    ],
  });
  alice = await plane.token('alice');
});
afterAll(() => plane.close());

const start = (
  adapter: (typeof ADAPTERS)[number],
  options: Partial<FlyteModuleOptions> = {},
  logger = new LogLines(),
): Promise<Running> =>
  startApp({
    adapter,
    logger,
    controllers: [Routes],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, ...options })],
  });

describe.each(ADAPTERS)('the headers of a request on %s', (adapter) => {
  let app: Running;
  beforeAll(async () => {
    app = await start(adapter);
  });
  afterAll(() => app.app.close());
  const entries = async (running: Running, headers: Record<string, string> | string[]): Promise<unknown> => {
    const answer = await ask(running.url, '/metadata', { headers });
    return answer.status === 200 ? (answer.json as { entries: unknown }).entries : answer.status;
  };

  it('a cookie that can’t travel is left out, and locks nobody out', async () => {
    const bad = `theme=caf\u00e9; session=s; flag=\u00ff`;
    expect(await entries(app, { ...bearer('x'), cookie: bad })).toEqual([
      ['authorization', 'Bearer x'],
      ['cookie', 'session=s'],
    ]);
    expect(await entries(app, { ...bearer('x'), cookie: 'a=\u00e9' })).toEqual([['authorization', 'Bearer x']]);
    expect(await entries(app, { cookie: 'a=\u00e9' })).toBe(401);
    expect((await ask(app.url, '/me', { headers: { ...bearer(alice), cookie: bad } })).json).toEqual({
      subject: 'alice',
    });
    expect(received.get('cookie')).toBe('session=s');
  });

  it('Node refuses control characters in cookies before anybody', async () => {
    const status = await new Promise((resolve) => {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
      socket.on('data', (data) => resolve(data.toString().split(' ')[1]));
      socket.write('GET /metadata HTTP/1.1\r\nHost: x\r\nCookie: a=\u0001\r\nConnection: close\r\n\r\n');
    });
    expect(status).toBe('400');
  });

  it('what Node lets in travels; what it does not is a 431', async () => {
    const big = 'x'.repeat(15_000);
    expect(await entries(app, bearer(big))).toEqual([['authorization', `Bearer ${big}`]]);
    expect(await entries(app, { ...bearer('x'), cookie: `a=${big}` })).toEqual([
      ['authorization', 'Bearer x'],
      ['cookie', `a=${big}`],
    ]);
    expect((await ask(app.url, '/me', { headers: { ...bearer(alice), cookie: `a=${big}` } })).status).toBe(200);
    expect(received.get('cookie')).toBe(`a=${big}`);
    expect(await entries(app, bearer('x'.repeat(17_000)))).toBe(431);
  });

  it('fromCookie takes exact names', async () => {
    await using only = await start(adapter, {
      headerExtractors: [fromAuthorization(), fromCookie({ only: ['flyte', '__Host-a'] })],
    });
    const cookie = 'Flyte=1; flyte2=2; flytes; flyte; =flyte; xflyte=3; flyte =4; flyte=a=b; __host-a=5; __Host-a=6';
    expect(await entries(only, { cookie })).toEqual([['cookie', 'flyte=a=b; __Host-a=6']]);
    expect(await entries(only, { cookie: 'flytes; fly=1; Flyte=2' })).toBe(401);
    // Two of one name, as of two paths: Flyte sees what it would see if the browser had asked it.
    expect(await entries(only, { cookie: 'flyte=1; flyte=2' })).toEqual([['cookie', 'flyte=1; flyte=2']]);
  });

  it('what forwardHeaders names travels along, and is no credential', async () => {
    const logger = new LogLines();
    const options = {
      forwardHeaders: ['traceparent', 'baggage', 'x-tenant', 'x-absent'],
      credentials: async () => bearer(await plane.token('service')),
    };
    await using tracing = await start(adapter, options, logger);
    const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'x-tenant': 'blue' };
    expect(await entries(tracing, trace)).toBe(401);
    expect((await ask(tracing.url, '/optional', { headers: trace })).json).toEqual({});
    expect(await entries(tracing, { ...trace, ...bearer('x') })).toEqual([['authorization', 'Bearer x']]);

    const twice = [...Object.entries({ ...trace, ...bearer(alice) }).flat(), 'baggage', 'a=1', 'Baggage', 'b=2'];
    expect((await ask(tracing.url, '/me', { headers: twice })).status).toBe(200);
    expect(received.get('traceparent')).toBe(trace.traceparent);
    expect(received.get('baggage')).toBe('a=1, b=2');
    expect(received.get('x-tenant')).toBe('blue');
    expect(received.has('x-absent')).toBe(false);

    // What can't travel stays behind, and so does everything that nobody named.
    const bad = { ...bearer(alice), 'x-tenant': 'bl\u00fce', traceparent: '', tracestate: 'a=1' };
    expect((await ask(tracing.url, '/me', { headers: bad })).status).toBe(200);
    for (const name of ['x-tenant', 'traceparent', 'tracestate']) expect(received.has(name), name).toBe(false);

    // They belong to the caller's credentials.
    expect((await ask(tracing.url, '/service', { headers: { ...trace, ...bearer(alice) } })).json).toEqual({
      subject: 'service',
    });
    expect(received.has('traceparent')).toBe(false);
    expect(logger.lines.join('\n')).not.toMatch(/failed|traceparent/);
  });

  it('what an extractor found is not replaced by what is forwarded', async () => {
    const fromTenant = () => ({ 'x-tenant': 'checked' });
    await using other = await start(adapter, {
      headerExtractors: [fromAuthorization(), fromTenant],
      forwardHeaders: ['x-tenant'],
    });
    expect((await ask(other.url, '/me', { headers: { ...bearer(alice), 'x-tenant': 'mine' } })).status).toBe(200);
    expect(received.get('x-tenant')).toBe('checked');
  });

  it('an extractor that finds nothing but a tracer’s header authenticates nobody', async () => {
    const fromTracer = () => ({ traceparent: '00-1-1-01', 'X-Request-Id': '7' });
    await using other = await start(adapter, { headerExtractors: [fromTracer, fromAuthorization()] });
    expect(await entries(other, {})).toBe(401);
    expect(await entries(other, bearer('x'))).toEqual(expect.arrayContaining([['authorization', 'Bearer x']]));
  });
});

describe('the names of headers', () => {
  const refused = [
    ...['Host', ':path', 'te', 'grpc-timeout', 'User-Agent', 'content-type', 'accept-encoding', 'proxy-authorization'],
    ...[
      'X-Forwarded-For',
      'x-forwarded-user',
      'x-real-ip',
      'x-amzn-oidc-data',
      'x-auth-request-user',
      'X-Original-URL',
    ],
    ...['x-goog-iap-jwt-assertion', 'X-Goog-Authenticated-User-Email', 'cf-access-jwt-assertion'],
    ...['cf-access-authenticated-user-email', 'x-ms-client-principal', 'X-MS-CLIENT-PRINCIPAL-NAME'],
    ...['x-ms-token-aad-id-token', 'x-pomerium-jwt-assertion', 'x-envoy-peer-metadata', 'remote-user', 'Remote-Groups'],
    ...['remote_user', 'X_Forwarded_For', 'x-goog_iap_jwt-assertion', 'content_length', 'x_ms_client_principal'],
    ...[
      'sec-websocket-protocol',
      'x-apigateway-api-userinfo',
      'X-Appengine-User-Email',
      'OIDC_CLAIM_sub',
      'x-consumer-username',
    ],
    ...['x-credential-identifier', 'X-Vouch-User', 'x-userinfo', 'client-cert', 'x-client-verify', 'x_client_dn'],
  ];
  it.each(refused)('%s is refused, as a credential and to be forwarded', async (name) => {
    expect(() => fromHeader(name)).toThrow(expect.objectContaining({ code: 'misuse' }));
    expect(() => authMetadata({ [name]: 'x' }, () => 'ran')).toThrow(expect.objectContaining({ code: 'misuse' }));
    await expect(startApp({ imports: [forwarding(name)] })).rejects.toThrow(/"forwardHeaders.0": can't be forwarded/);
    const logger = new LogLines();
    const impostor = () => ({ [name]: 'admin' });
    await using app = await start('express', { headerExtractors: [impostor] }, logger);
    expect((await ask(app.url, '/metadata')).status).toBe(401);
    expect(logger.lines.join('\n')).toMatch(/"impostor" failed and was skipped \(misuse/);
  });

  it('are taken where a client shows something to a proxy', () => {
    for (const name of ['cf-access-client-id', 'CF-Access-Client-Secret', 'x-api-key', 'x_api_key', 'x-user-token']) {
      expect(fromHeader(name).name).toBe(`fromHeader(${name.toLowerCase()})`);
    }
  });

  const nobodys = [
    ...[
      'traceparent',
      'TraceState',
      'baggage',
      'b3',
      'x-b3-traceid',
      'x-request-id',
      'x_request_id',
      'x-correlation-id',
    ],
    ...['accept-language', 'Origin', 'referer', 'sec-fetch-site', 'x-requested-with', 'range', 'Last-Event-ID'],
  ];
  it.each(nobodys)('%s is no credential: an error at start that names forwardHeaders', (name) => {
    expect(() => fromHeader(name)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
    expect(() => fromHeader(name)).toThrow(`forwardHeaders: ["${name.toLowerCase()}"]`);
  });

  const forwarding = (name: unknown) =>
    FlyteModule.forRoot({ endpoint: 'https://flyte.example.com', forwardHeaders: [name as string] });
  const credentials = [
    ...[
      'authorization',
      'cookie',
      'set-cookie',
      'x-api-key',
      'apikey',
      'x-auth-token',
      'x_auth_token',
      'x-access-token',
    ],
    ...['private-token', 'x-session-id', 'x-amz-security-token', 'x-user-secret', 'x-jwt', 'cf-access-client-secret'],
    ...['x-bearer', 'dpop', 'x-oauth', 'ocp-apim-subscription-key', 'x-functions-key'],
  ];
  it.each(credentials)('%s can’t be forwarded, as it is a credential', async (name) => {
    await expect(startApp({ imports: [forwarding(name)] })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/"forwardHeaders.0": can't be forwarded: .*"headerExtractors".*"/) as string,
    });
  });

  it('are written in lower case, and are names', async () => {
    await expect(startApp({ imports: [forwarding('Traceparent')] })).rejects.toThrow(/lower case, got "Traceparent"/);
    for (const name of ['a b', 'a:', '']) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(startApp({ imports: [forwarding(name)] }), name).rejects.toThrow(/"forwardHeaders.0"/);
    }
    await expect(startApp({ imports: [forwarding(7)] })).rejects.toThrow(/"forwardHeaders.0": give a text, got 7/);
    await using app = await startApp({ imports: [forwarding('x-author')] });
    expect(app.app.get(FlyteClient)).toBeDefined();
  });

  it('of cookies are a list of names', () => {
    for (const only of [[], ['a=b'], ['a; b'], [''], ['a b'], [7], 'flyte'] as unknown[]) {
      expect(() => fromCookie({ only: only as string[] }), JSON.stringify(only)).toThrow(/give "only" the names/);
    }
  });
});
