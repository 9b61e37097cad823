import { EventEmitter } from 'node:events';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from 'vitest';
import { inboundRequest, isGrpcCall, rememberHandshake, type InboundRequest } from './inbound-request.js';
import { endRequest } from './request-life.js';

function inbound(type: string, ...args: unknown[]): InboundRequest {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return inboundRequest(context);
}
const node = (fields: object = {}): object => ({ method: 'GET', url: '/a', headers: {}, ...fields });
const NOTHING_KNOWN = { headers: [], isForeign: true, unsafe: false, http: undefined, response: undefined };

describe('over HTTP', () => {
  it('headers are those that came, repeated ones one by one, names in lower case', () => {
    const rawHeaders = ['Cookie', 'a=1', 'COOKIE', 'b=2'];
    expect(inbound('http', node({ rawHeaders, headers: { cookie: 'a=1; b=2' } })).headers).toEqual([
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
    ]);
    const headers = { 'X-A': '1', 'set-cookie': ['b', 7, 'c'], 'x-none': undefined };
    expect(inbound('http', node({ headers })).headers).toEqual([
      ['x-a', '1'],
      ['set-cookie', 'b'],
      ['set-cookie', 'c'],
    ]);
  });

  it('of Express the target is what came over the wire, and a mounted app rewrites nothing', () => {
    const line = (fields: object): unknown => inbound('http', node(fields), {}).http;
    const target = '/api/a?b=1';
    expect(line({ originalUrl: target, baseUrl: '/api', url: '/a?b=1' })).toEqual({
      ...{ method: 'GET', target, rewritten: false },
    });
    expect(line({ originalUrl: target, url: '/a?b=1' })).toMatchObject({ target, rewritten: true });
    expect(line({ url: '/a', method: 'PUT' })).toEqual({ method: 'PUT', target: '/a', rewritten: false });
  });

  it('of Fastify it is that of Node’s own request', () => {
    const raw = node({ url: '/new', originalUrl: '/old', rawHeaders: ['A', 'b'] });
    const request = { raw, url: '/new', method: 'GET', baseUrl: '/ignored' };
    const reply = { raw: new EventEmitter() };
    const found = inbound('http', request, reply);
    expect(found).toMatchObject({ headers: [['a', 'b']], http: { method: 'GET', target: '/old', rewritten: true } });
    expect([found.identity, found.response]).toEqual([request, reply]);
    expect(inbound('http', { raw: node(), originalUrl: '/a', url: '/x', baseUrl: '/ignored' }).http).toMatchObject({
      ...{ target: '/a', rewritten: false },
    });
    const { signal } = found.life;
    reply.raw.emit('close');
    expect(signal?.aborted).toBe(true);
  });

  it.each([
    ['GET', {}, false],
    ['HEAD', {}, false],
    ['OPTIONS', {}, false],
    ['POST', {}, true],
    ['DELETE', {}, true],
    ['GET', { upgrade: 'WebSocket' }, true],
    ['GET', { upgrade: 'h2c' }, false],
    ['GET', { 'x-upgrade': 'websocket' }, false],
  ])('a browser sends %s with %j across sites without asking: %s', (method, headers, unsafe) => {
    expect(inbound('http', node({ method, headers })).unsafe).toBe(unsafe);
  });

  it('what is no request of HTTP is foreign', () => {
    for (const request of [undefined, 'text', {}, { headers: {} }, { method: 'GET' }, { raw: {}, method: 'GET' }]) {
      const found = inbound('http', request, {});
      expect(found, JSON.stringify(request)).toMatchObject({ headers: [], isForeign: true, unsafe: false });
      expect(found.http).toBeUndefined();
    }
  });

  it('without an answer of its own, a request is over when its handler is done', () => {
    const socket = new EventEmitter();
    const request = node({ socket });
    const { life } = inbound('http', request);
    const { signal } = life;
    endRequest(request);
    expect(life.isOver).toBe(true);
    socket.emit('close');
    expect(signal?.aborted).toBe(true);
  });
});

describe('over GraphQL', () => {
  const request = node({ rawHeaders: ['A', 'b'], method: 'POST' });

  it.each([
    ['Express and Apollo', { req: request, res: { a: 1 } }],
    ['Fastify’s drivers', { request, reply: { a: 1 } }],
    ['a driver between', { req: request, reply: { a: 1 } }],
    ['Express, which knows its response', { req: Object.assign(node(request), { res: { a: 1 } }) }],
  ])('a request is that of %s, and has no path', (_whose, context) => {
    const found = inbound('graphql', undefined, {}, context, {});
    expect(found).toMatchObject({ headers: [['a', 'b']], unsafe: true, response: { a: 1 } });
    expect(found.identity).toBe('req' in context ? context.req : request);
    expect(found.http).toBeUndefined();
  });

  it('the context of a reference resolver is its second argument', () => {
    expect(inbound('graphql', {}, { req: request, res: {} }, {}).identity).toBe(request);
  });

  it.each([
    ['by the driver', (extra: object) => ({ req: { extra } })],
    ['by the app', (extra: object) => ({ extra, req: {} })],
  ])('an operation on a socket is known by its context, handed on %s', (_by, contextOf) => {
    const socket = new EventEmitter();
    const context = contextOf({ request: node({ rawHeaders: ['A', 'b'], socket }), socket });
    const found = inbound('graphql', undefined, {}, context, {});
    expect(found).toMatchObject({ headers: [['a', 'b']] });
    expect(found.identity).toBe(context);
    expect([found.http, found.response]).toEqual([undefined, undefined]);
    const { signal } = found.life;
    endRequest(context);
    expect(found.life.isOver).toBe(true);
    socket.emit('close');
    expect(signal?.aborted).toBe(true);
  });

  it('the answer of the handshake is not that of an operation on the socket', () => {
    const context = { extra: { request: node() }, res: {} };
    expect(inbound('graphql', undefined, {}, context, {}).response).toBeUndefined();
  });

  it('a context without a request is foreign, and may come from anywhere', () => {
    for (const context of [undefined, {}, { req: 'text' }])
      expect(inbound('graphql', undefined, {}, context, {})).toMatchObject({
        ...{ headers: [], isForeign: true, unsafe: true },
      });
  });
});

describe('over a socket', () => {
  it('headers are those of its handshake, however it is known', () => {
    const request = node({ rawHeaders: ['A', 'b'] });
    const remembered = {};
    rememberHandshake(remembered, request);
    for (const client of [{ request }, { handshake: { headers: { a: 'b' } } }, remembered]) {
      const found = inbound('ws', client, 'data');
      expect(found).toMatchObject({ headers: [['a', 'b']], unsafe: true });
      expect(found.isForeign).toBeUndefined();
    }
    expect(inbound('ws', {}, 'data').headers).toEqual([]);
  });

  it('each message is one request', () => {
    const args = [new EventEmitter(), 'data'];
    const context = new ExecutionContextHost(args);
    context.setType('ws');
    const { identity, life } = inboundRequest(context);
    expect(identity).toBe(args);
    endRequest(args);
    expect([life.isOver, life.signal?.aborted]).toEqual([false, false]);
  });
});

describe('over gRPC', () => {
  const values: Record<string, unknown[]> = { Authorization: ['Bearer x', 'Bearer y'], 'a-bin': [Buffer.from('a')] };
  const metadata = {
    getMap: () => ({ Authorization: 'Bearer x', 'a-bin': Buffer.from('a') }),
    get: (name: string) => values[name],
  };
  const call = (fields: object = { metadata }): EventEmitter =>
    Object.assign(new EventEmitter(), { getPeer: () => '', ...fields });

  it('headers are its metadata’s texts, and the call is the request', () => {
    const one = call();
    for (const args of [[{ message: 1 }, metadata, one], [one, () => undefined], [one]]) {
      const found = inbound('rpc', ...args);
      expect(found.headers).toEqual([
        ['authorization', 'Bearer x'],
        ['authorization', 'Bearer y'],
      ]);
      expect([found.identity, found.unsafe, found.isForeign]).toEqual([one, false, undefined]);
    }
    for (const fields of [
      {},
      { metadata: {} },
      { metadata: { getMap: () => ({ a: 1 }) } },
      { metadata: { get: () => ['x'] } },
    ])
      expect(inbound('rpc', call(fields)).headers).toEqual([]);
  });

  it('a raw stream goes on when its handler has returned, other calls do not', () => {
    const [raw, single, message] = [call(), call(), call()];
    const lives = [inbound('rpc', raw), inbound('rpc', single, () => undefined), inbound('rpc', {}, metadata, message)];
    for (const one of [raw, single, message]) endRequest(one);
    expect(lives.map(({ life }) => life.isOver)).toEqual([false, true, true]);
    const signals = lives.map(({ life }) => life.signal);
    raw.emit('cancelled');
    expect(signals[0]?.aborted).toBe(true);
    const left = call();
    const { signal } = inbound('rpc', {}, metadata, left).life;
    left.emit('cancelled');
    expect(signal?.aborted).toBe(true);
  });

  it('is told from other microservices by what a call can do', () => {
    expect(isGrpcCall(call())).toBe(true);
    for (const value of [{}, null, { getPeer: () => '' }, { emit: () => true }, 'text'])
      expect(isGrpcCall(value)).toBe(false);
  });
});

it.each(['rpc', 'discord'])('nothing is known of what came over %s but its arguments', (type) => {
  const args = [{ headers: { authorization: 'Bearer x' } }, {}];
  const context = new ExecutionContextHost(args);
  context.setType(type);
  const found = inboundRequest(context);
  expect({ ...NOTHING_KNOWN, ...found }).toMatchObject(NOTHING_KNOWN);
  expect(found.identity).toBe(args);
  endRequest(args);
  expect(found.life.isOver).toBe(true);
});
