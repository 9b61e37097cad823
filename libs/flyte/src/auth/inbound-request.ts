import type { ArgumentsHost } from '@nestjs/common';
import { isObject, lifeOfHandler, lifeOfMessage, lifeOfStream, type Fields, type RequestLife } from './request-life.js';

/** A request as the guard sees it, whatever transport it came by. */
export interface InboundRequest {
  /** The same object for guard, interceptor, pipe and filter of one request, and for no other request. */
  readonly identity: object;
  /** The headers as received, repeated ones included; names in lower case. None where nothing is known that would have any. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether it came by something that this library doesn't know, so that only an extractor of the app may find credentials. */
  readonly isForeign?: true;
  /** Present for plain HTTP only, where paths and methods mean something. */
  readonly http?: HttpRequestLine;
  /** The answer's own object, where there is one to set headers on. */
  readonly response?: object;
  /** Whether a browser sends this request to us across sites without asking first, cookies included. */
  readonly unsafe: boolean;
  /** Until when calls are begun, and waited for, on behalf of it. */
  readonly life: RequestLife;
}

/** The request line, as it came over the wire. */
export interface HttpRequestLine {
  /** GET, POST and so on. */
  readonly method: string;
  /** The request target, neither decoded nor normalised. */
  readonly target: string;
  /** Whether something between the wire and the handler, such as a middleware, changed the target. */
  readonly rewritten: boolean;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const handshakes = new WeakMap<object, object>();

/**
 * Tells the guard with which HTTP request a WebSocket was opened. Needed once per connection with `WsAdapter`, whose
 * clients don't know it; socket.io's do.
 *
 * ```ts
 * handleConnection(client: WebSocket, request: IncomingMessage) { rememberHandshake(client, request); }
 * ```
 */
export function rememberHandshake(client: object, request: object): void {
  handshakes.set(client, request);
}

/** Reads what a request brought, from the arguments that Nest gives to guards, interceptors, pipes and filters. */
export function inboundRequest(host: ArgumentsHost): InboundRequest {
  switch (host.getType<string>()) {
    case 'http':
      return fromHttpContext(host.switchToHttp().getRequest<unknown>(), host.getArgs());
    case 'graphql':
      return fromGraphql(host.getArgs());
    case 'ws':
      return fromWebSocket(host.switchToWs().getClient<object>(), host.getArgs());
    case 'rpc':
      return fromRpc(host.getArgs());
    default:
      return withoutHeaders(host.getArgs());
  }
}

/** Nest says "http", too, for what a library runs by its own means without saying what it is. */
function fromHttpContext(request: unknown, args: unknown[]): InboundRequest {
  const raw = isObject(request) && isObject(request['raw']) ? request['raw'] : request;
  const isHttp = isObject(request) && isObject(raw) && isObject(raw['headers']) && typeof raw['method'] === 'string';
  return isHttp ? fromHttp(request, args[1]) : withoutHeaders(args);
}

function fromHttp(request: object, response: unknown): InboundRequest {
  const outer: Fields = { ...pick(request, ['raw', 'originalUrl', 'baseUrl', 'url', 'method']) };
  const raw = isObject(outer['raw']) ? outer['raw'] : (request as Fields); // Fastify wraps Node's request, Express extends it
  const method = String(raw['method']);
  const target = String(outer['originalUrl'] ?? raw['originalUrl'] ?? raw['url']);
  // Express strips a mounted application's path from `url`, and puts it into `baseUrl`.
  const now = raw === request ? `${asString(outer['baseUrl'])}${String(raw['url'])}` : String(raw['url']);
  const reply = isObject(response) ? response : undefined;
  const headers = headersOf(raw);
  return {
    identity: request,
    headers,
    http: { method, target, rewritten: now !== target },
    response: reply,
    // A browser opens sockets across sites, with cookies and without asking; it does so with a GET.
    unsafe:
      !SAFE_METHODS.has(method) || headers.some(([name, value]) => name === 'upgrade' && /websocket/i.test(value)),
    life: reply
      ? lifeOfStream(isObject(reply['raw']) ? reply['raw'] : reply, 'close')
      : lifeOfHandler(request, raw['socket']),
  };
}

function fromGraphql(args: unknown[]): InboundRequest {
  // (parent, arguments, context, info); a reference resolver of federation has no arguments.
  const context = args.length === 3 ? args[1] : args[2];
  const ctx = isObject(context) ? context : {};
  const given = [ctx['req'], ctx['request']].find(isObject);
  // Of a subscription over graphql-ws, its own context; Nest's drivers hand that on as `req`, unless the app maps it.
  const socket = [ctx['extra'], given?.['extra']].find(isObject);
  const request = isObject(socket?.['request']) ? socket['request'] : given;
  if (!request) return { ...withoutHeaders(args), unsafe: true };
  // Express and Apollo give { req, res }, Fastify drivers { request, reply } or { req, reply }.
  const response = socket ? undefined : [ctx['res'], ctx['reply'], request['res']].find(isObject);
  const http = fromHttp(request, response);
  if (response) return { ...http, http: undefined };
  // A socket carries many operations, each with a context of its own.
  return { ...http, http: undefined, identity: ctx, life: lifeOfHandler(ctx, pick(request, ['socket']).socket) };
}

function fromWebSocket(client: object, args: unknown[]): InboundRequest {
  const { request, handshake } = pick(client, ['request', 'handshake']);
  const opened = handshakes.get(client) ?? [request, handshake].find(isObject);
  return {
    // A message has no object of its own; the array of its arguments is the same one from guard to interceptor.
    identity: args,
    headers: isObject(opened) ? headersOf(opened) : [],
    // Browsers open sockets across sites, with cookies and without asking.
    unsafe: true,
    life: lifeOfMessage(args, client),
  };
}

function fromRpc(args: unknown[]): InboundRequest {
  // gRPC: (message, metadata, call), or (call, callback) for @GrpcStreamCall. Elsewhere: (message, context).
  const call = args.find(isGrpcCall);
  if (!call) return withoutHeaders(args);
  return {
    // The arrays of arguments differ, for pipes and filters; the call in them does not.
    identity: call,
    headers: isObject(call.metadata) ? metadataHeaders(call.metadata) : [],
    // No browser speaks this protocol.
    unsafe: false,
    // A raw call goes on when its handler has returned: until its stream ends, or the callback for its one answer is called.
    life:
      call === args[0] && typeof args[1] !== 'function'
        ? lifeOfStream(call, 'cancelled')
        : lifeOfHandler(call, call, 'cancelled'),
  };
}

/**
 * A message that is known by nothing but the array of its arguments, which Nest makes for each call and shares between
 * guard and interceptor alone. What is in it may be shared by many: libraries hand the same object to all their handlers.
 */
function withoutHeaders(args: unknown[]): InboundRequest {
  return { identity: args, headers: [], isForeign: true, unsafe: false, life: lifeOfHandler(args) };
}

/** What grpc-js hands to the implementation of a method, of any of the four kinds. */
interface GrpcCall extends Fields {
  readonly metadata?: unknown;
  emit(event: string, value: unknown): boolean;
}

/** Whether an argument of a microservice's handler is a call of grpc-js; messages have no functions. */
export function isGrpcCall(value: unknown): value is GrpcCall {
  return isObject(value) && typeof value['getPeer'] === 'function' && typeof value['emit'] === 'function';
}

/** grpc-js Metadata: getMap() gives the names, get() all values of one. */
function metadataHeaders(metadata: Fields): [string, string][] {
  const { getMap, get } = metadata;
  if (typeof getMap !== 'function' || typeof get !== 'function') return [];
  const names = Object.keys(getMap.call(metadata) as object);
  return names.flatMap((name) =>
    (get.call(metadata, name) as unknown[])
      .filter((value) => typeof value === 'string')
      .map((value): [string, string] => [name.toLowerCase(), value]),
  );
}

/** Node joins or drops repeated headers in `headers`; `rawHeaders` tells what was there. */
function headersOf(request: object): [string, string][] {
  const { rawHeaders, headers } = pick(request, ['rawHeaders', 'headers']);
  if (Array.isArray(rawHeaders)) {
    return rawHeaders.flatMap((name: unknown, i): [string, string][] =>
      i % 2 === 0 ? [[String(name).toLowerCase(), String(rawHeaders[i + 1])]] : [],
    );
  }
  return Object.entries(isObject(headers) ? headers : {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => typeof one === 'string')
      .map((one): [string, string] => [name.toLowerCase(), one]),
  );
}

function pick<K extends string>(value: object, keys: readonly K[]): Partial<Record<K, unknown>> {
  return Object.fromEntries(keys.map((key) => [key, (value as Fields)[key]])) as Partial<Record<K, unknown>>;
}

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
