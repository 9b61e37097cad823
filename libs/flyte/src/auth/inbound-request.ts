import type { ArgumentsHost } from '@nestjs/common';
import { isObject, lifeOfHandler, lifeOfMessage, lifeOfStream, type Fields, type RequestLife } from './request-life.js';

/** A header as it was received; its name in lower case. */
export type ReceivedHeader = readonly [name: string, value: string];

/**
 * A request as the guard sees it, whatever transport it came by. It is made anew wherever it is asked for, so what costs
 * something, such as a list of all headers, is made when it is read.
 */
export interface InboundRequest {
  /** The same object for guard, interceptor, pipe and filter of one request, and for no other request. */
  readonly identity: object;
  /** The headers as received, repeated ones included. None where nothing is known that would have any. */
  readonly headers: readonly ReceivedHeader[];
  /** The values of one header, repeated ones one by one. */
  valuesOf(name: string): readonly string[];
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
      return fromHttpContext(host.getArgs());
    case 'graphql':
      return fromGraphql(host.getArgs());
    case 'ws':
      return fromWebSocket(host.getArgByIndex<object>(0), host.getArgs());
    case 'rpc':
      return fromRpc(host.getArgs());
    default:
      return withoutHeaders(host.getArgs());
  }
}

/** Nest says "http", too, for what a library runs by its own means without saying what it is. */
function fromHttpContext(args: unknown[]): InboundRequest {
  const [request, response] = args;
  if (!isObject(request)) return withoutHeaders(args);
  const inbound = fromHttp(request, response);
  return inbound.isHttp ? inbound : withoutHeaders(args);
}

function fromHttp(request: object, response: unknown): HttpRequest {
  const { raw } = request as Fields;
  return new HttpRequest(
    request,
    isObject(raw) ? raw : (request as Fields), // Fastify wraps Node's request, Express extends it
    isObject(response) ? response : undefined,
  );
}

class HttpRequest implements InboundRequest {
  constructor(
    readonly identity: object,
    private readonly raw: Fields,
    readonly response: Fields | undefined,
  ) {}

  get isHttp(): boolean {
    return isObject(this.raw['headers']) && typeof this.raw['method'] === 'string';
  }

  get headers(): readonly ReceivedHeader[] {
    return headersOf(this.raw);
  }

  valuesOf(name: string): readonly string[] {
    const { rawHeaders } = this.raw;
    if (!Array.isArray(rawHeaders)) return valuesIn(this.headers, name);
    let values = NO_VALUES;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const key: unknown = rawHeaders[i];
      if (typeof key === 'string' && key.length === name.length && key.toLowerCase() === name) {
        values = [...values, String(rawHeaders[i + 1])];
      }
    }
    return values;
  }

  get http(): HttpRequestLine {
    const { identity, raw } = this;
    const { originalUrl, baseUrl } = identity as Fields;
    const target = String(originalUrl ?? raw['originalUrl'] ?? raw['url']);
    // Express strips a mounted application's path from `url`, and puts it into `baseUrl`.
    const now = raw === identity ? `${asString(baseUrl)}${String(raw['url'])}` : String(raw['url']);
    return { method: String(raw['method']), target, rewritten: now !== target };
  }

  get unsafe(): boolean {
    // A browser opens sockets across sites, with cookies and without asking; it does so with a GET.
    return (
      !SAFE_METHODS.has(String(this.raw['method'])) ||
      this.valuesOf('upgrade').some((value) => /websocket/i.test(value))
    );
  }

  get life(): RequestLife {
    const { identity, raw, response } = this;
    if (!response) return lifeOfHandler(identity, raw['socket']);
    return lifeOfStream(isObject(response['raw']) ? response['raw'] : response, 'close');
  }
}

/** The HTTP request that a GraphQL operation came by. Paths mean nothing to it. */
class GraphqlRequest implements InboundRequest {
  readonly http = undefined;

  /** @param operation the context of one operation, where it is one of many that a socket carries */
  constructor(
    private readonly request: HttpRequest,
    private readonly operation?: Fields,
  ) {}

  get identity(): object {
    return this.operation ?? this.request.identity;
  }

  get headers(): readonly ReceivedHeader[] {
    return this.request.headers;
  }

  get response(): object | undefined {
    return this.request.response;
  }

  get unsafe(): boolean {
    return this.request.unsafe;
  }

  get life(): RequestLife {
    const { operation, request } = this;
    return operation ? lifeOfHandler(operation, (request.identity as Fields)['socket']) : request.life;
  }

  valuesOf(name: string): readonly string[] {
    return this.request.valuesOf(name);
  }
}

/** A request of which everything is known at once. */
function known(request: Omit<InboundRequest, 'valuesOf'>): InboundRequest {
  return { ...request, valuesOf: (name) => valuesIn(request.headers, name) };
}

function fromGraphql(args: unknown[]): InboundRequest {
  // (parent, arguments, context, info); a reference resolver of federation has no arguments.
  const context = args.length === 3 ? args[1] : args[2];
  const ctx = isObject(context) ? context : {};
  const given = [ctx['req'], ctx['request']].find(isObject);
  // Of a subscription over graphql-ws, its own context; Nest's drivers hand that on as `req`, unless the app maps it.
  const socket = [ctx['extra'], given?.['extra']].find(isObject);
  const request = isObject(socket?.['request']) ? socket['request'] : given;
  if (!request) return withoutHeaders(args, true);
  // Express and Apollo give { req, res }, Fastify drivers { request, reply } or { req, reply }.
  const response = socket ? undefined : [ctx['res'], ctx['reply'], request['res']].find(isObject);
  // A socket carries many operations, each with a context of its own.
  return new GraphqlRequest(fromHttp(request, response), response ? undefined : ctx);
}

function fromWebSocket(client: object, args: unknown[]): InboundRequest {
  const { request, handshake } = client as Fields;
  const opened = handshakes.get(client) ?? [request, handshake].find(isObject);
  return known({
    // A message has no object of its own; the array of its arguments is the same one from guard to interceptor.
    identity: args,
    headers: isObject(opened) ? headersOf(opened) : [],
    // Browsers open sockets across sites, with cookies and without asking.
    unsafe: true,
    life: lifeOfMessage(args, client),
  });
}

function fromRpc(args: unknown[]): InboundRequest {
  // gRPC: (message, metadata, call), or (call, callback) for @GrpcStreamCall. Elsewhere: (message, context).
  const call = args.find(isGrpcCall);
  if (!call) return withoutHeaders(args);
  return known({
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
  });
}

/**
 * A message that is known by nothing but the array of its arguments, which Nest makes for each call and shares between
 * guard and interceptor alone. What is in it may be shared by many: libraries hand the same object to all their handlers.
 */
function withoutHeaders(args: unknown[], unsafe = false): InboundRequest {
  return known({ identity: args, headers: [], isForeign: true, unsafe, life: lifeOfHandler(args) });
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

const NO_VALUES: readonly string[] = [];

function valuesIn(headers: readonly ReceivedHeader[], name: string): string[] {
  return headers.flatMap(([key, value]) => (key === name ? [value] : []));
}

/** Node joins or drops repeated headers in `headers`; `rawHeaders` tells what was there. */
function headersOf(request: object): [string, string][] {
  const { rawHeaders, headers } = request as Fields;
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

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
