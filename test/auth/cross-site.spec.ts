import type { IncomingMessage } from 'node:http';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import {
  FlyteModule,
  fromAuthorization,
  fromCookie,
  fromHeader,
  getAuthMetadata,
  rememberHandshake,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ADAPTERS, startApp, type Running } from '../support/app.js';
import { ask } from '../support/http.js';

@Controller()
class Routes {
  @Get('names') get() {
    return getAuthMetadata()?.names;
  }
  @Post('names') @HttpCode(200) post() {
    return getAuthMetadata()?.names;
  }
}

@WebSocketGateway({ path: '/live' })
class Gateway implements OnGatewayConnection {
  handleConnection(client: WebSocket, request: IncomingMessage): void {
    rememberHandshake(client, request);
  }
  @SubscribeMessage('names') names() {
    return { event: 'names', data: getAuthMetadata()?.names };
  }
}

const EVIL = 'https://evil.example';
const FRIEND = 'https://app.example.com';
const start = (adapter: (typeof ADAPTERS)[number], options: Partial<FlyteModuleOptions> = {}): Promise<Running> =>
  startApp({
    adapter,
    controllers: [Routes],
    providers: [Gateway],
    imports: [FlyteModule.forRoot({ endpoint: 'https://flyte.example.com', passthrough: true, ...options })],
    configure: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
  });

/** What a gateway answers to a message: the names, or a code. */
async function overSocket(url: string, headers: Record<string, string>): Promise<unknown> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers });
  try {
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send(JSON.stringify({ event: 'names' }));
    const text = await new Promise<string>((resolve) =>
      socket.once('message', (data: Buffer) => resolve(String(data))),
    );
    const { event, data } = JSON.parse(text) as { event: string; data: { code?: string } };
    return event === 'exception' ? data.code : data;
  } finally {
    socket.terminate();
  }
}

describe.each(ADAPTERS)('what a browser sends by itself, on %s', (adapter) => {
  let app: Running;
  beforeAll(async () => {
    app = await start(adapter, { trustedOrigins: [FRIEND, 'http://localhost:4200'] });
  });
  afterAll(() => app.app.close());
  const post = async (headers: Record<string, string>, running = app): Promise<number> =>
    (await ask(running.url, '/names', { method: 'POST', headers })).status;

  const ambient: Record<string, string>[] = [
    { cookie: 'session=1' },
    { authorization: 'Basic YWxpY2U6cw==' },
    { authorization: 'bAsIc\tYWxpY2U6cw==' },
    { authorization: 'Negotiate YII=' },
    { authorization: 'NTLM TlRM' },
    { authorization: 'Digest username="alice"' },
    { authorization: 'Basic YWxpY2U6cw==', cookie: 'session=1' },
  ];
  it.each(ambient)('%j: of another site it counts neither for a POST nor on a socket', async (headers) => {
    const elsewhere: Record<string, string>[] = [
      { origin: EVIL, 'sec-fetch-site': 'cross-site' },
      { origin: EVIL },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: EVIL },
      { 'sec-fetch-site': 'none' },
      {},
    ];
    for (const from of elsewhere) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await post({ ...headers, ...from }), JSON.stringify(from)).toBe(403);
      // oxlint-disable-next-line no-await-in-loop
      expect(await overSocket(app.url, { ...headers, ...from }), JSON.stringify(from)).toBe('permission_denied');
    }
    expect(await post({ ...headers, 'sec-fetch-site': 'same-origin', origin: app.url })).toBe(200);
    expect(await post({ ...headers, origin: app.url })).toBe(200);
    expect(await overSocket(app.url, { ...headers, origin: app.url })).toEqual(Object.keys(headers));
    expect((await ask(app.url, '/names', { headers: { ...headers, origin: EVIL } })).status).toBe(200);
  });

  it.each(ambient)('%j: of a trusted origin it counts', async (headers) => {
    const friends: Record<string, string>[] = [
      { origin: FRIEND },
      { origin: FRIEND, 'sec-fetch-site': 'cross-site' },
      { origin: FRIEND, 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:4200', 'sec-fetch-site': 'same-site' },
    ];
    for (const from of friends) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await post({ ...headers, ...from }), JSON.stringify(from)).toBe(200);
      // oxlint-disable-next-line no-await-in-loop
      expect(await overSocket(app.url, { ...headers, ...from }), JSON.stringify(from)).toEqual(Object.keys(headers));
    }
  });

  it('trusts no origin that only looks like a trusted one', async () => {
    const lookalikes = [
      ...['http://app.example.com', 'https://app.example.com:8443', 'https://app.example.com.evil.example', EVIL],
      ...[
        'https://evil.example/https://app.example.com',
        'https://APP.example.com',
        'https://app.example.com/',
        'null',
      ],
      ...['https://sub.app.example.com', 'https://example.com', 'http://localhost:4201', `${FRIEND}, ${EVIL}`, '*'],
    ];
    for (const origin of lookalikes) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await post({ cookie: 'session=1', origin }), origin).toBe(403);
      // oxlint-disable-next-line no-await-in-loop
      expect(await overSocket(app.url, { cookie: 'session=1', origin }), origin).toBe('permission_denied');
    }
    // A page does not choose this one.
    expect(await post({ cookie: 'session=1', origin: EVIL, referer: `${FRIEND}/` })).toBe(403);
    await using strict = await start(adapter);
    expect(await post({ cookie: 'session=1', origin: FRIEND }, strict)).toBe(403);
  });

  it('does not stand in the way of what a page must add on purpose', async () => {
    await using other = await start(adapter, {
      headerExtractors: [fromAuthorization(), fromCookie(), fromHeader('x-api-key')],
    });
    const evil = { origin: EVIL, 'sec-fetch-site': 'cross-site', cookie: 'session=1' };
    expect(await post({ ...evil, authorization: 'Bearer x' }, other)).toBe(200);
    expect(await post({ ...evil, authorization: 'Basic YTpi', 'x-api-key': 'k' }, other)).toBe(200);
    expect(await post({ authorization: 'Bearer x' }, other)).toBe(200);
    // Basics is nothing that a browser knows.
    expect(await post({ ...evil, authorization: 'Basics YTpi' }, other)).toBe(200);
  });

  it('counts for an extractor that makes another credential of it, or finds what any site may send', async () => {
    const fromBasic = () => ({ 'x-api-key': 'made-of-basic' });
    const language = () => ({ 'accept-language': 'de' });
    await using other = await start(adapter, { headerExtractors: [fromBasic, language] });
    const evil = { origin: EVIL, authorization: 'Basic YTpi', 'accept-language': 'de' };
    expect(await post(evil, other)).toBe(403);
    expect(await post({ ...evil, origin: other.url }, other)).toBe(200);
  });
});

describe('trustedOrigins', () => {
  const wrong: [origins: unknown, message: RegExp][] = [
    ['https://app.example.com', /"trustedOrigins": give a list of origins/],
    [['*'], /"trustedOrigins.0": an origin has no wildcard.*got "\*"/],
    [['https://*.example.com'], /"trustedOrigins.0": an origin has no wildcard/],
    [['null'], /"trustedOrigins.0": an origin is a scheme and a host.*got "null"/],
    [[''], /"trustedOrigins.0"/],
    [['app.example.com'], /an origin is a scheme and a host/],
    [['ftp://app.example.com'], /an origin is a scheme and a host/],
    [['file:///app'], /an origin is a scheme and a host/],
    [['blob:https://app.example.com'], /an origin is a scheme and a host/],
    [['https://app.example.com/'], /an origin is written as browsers send it: "https:\/\/app.example.com", got/],
    [['https://app.example.com/path'], /written as browsers send it: "https:\/\/app.example.com"/],
    [['https://app.example.com:443'], /written as browsers send it: "https:\/\/app.example.com"/],
    [['https://APP.example.com'], /written as browsers send it: "https:\/\/app.example.com"/],
    [['https://b\u00fccher.example'], /written as browsers send it: "https:\/\/xn--bcher-kva.example"/],
    [[' https://app.example.com'], /written as browsers send it/],
    [
      ['https://user:hunter2-hunter2@app.example.com'],
      /written as browsers send it: "https:\/\/app.example.com", got a/,
    ],
    [['https://app.example.com', 7], /"trustedOrigins.1": give a text, got 7/],
    [[/example/], /"trustedOrigins.0": give a text/],
  ];
  it.each(wrong)('%j stops the app', async (trustedOrigins, message) => {
    const options = { endpoint: 'https://flyte.example.com', trustedOrigins: trustedOrigins as string[] };
    const error: unknown = await startApp({ imports: [FlyteModule.forRoot(options)] }).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'invalid_configuration', message: expect.stringMatching(message) as string });
    expect(String(error)).not.toContain('hunter2');
  });
});
