import type { ArgumentsHost } from '@nestjs/common';

/** A request as the guard sees it, whatever transport it came by. */
export interface InboundRequest {
  /** The same object for guard, interceptor, pipe and filter of one request, and for no other request. */
  readonly identity: object;
  /** The headers as received, repeated ones included; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Present for plain HTTP only, where paths and methods mean something. */
  readonly http?: HttpRequestLine;
  /** The answer's own object, where there is one to set headers on. */
  readonly response?: object;
  /** Whether a browser sends this request to us across sites without asking first, cookies included. */
  readonly unsafe: boolean;
  /** Fires if the client goes away before its answer is complete. */
  readonly signal?: AbortSignal;
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

type Fields = Record<PropertyKey, unknown>;

function isObject(value: unknown): value is Fields {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
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
      return fromHttp(host.switchToHttp().getRequest<object>(), host.switchToHttp().getResponse<unknown>());
    case 'graphql':
      return fromGraphql(host.getArgByIndex<unknown>(2));
    case 'ws':
      return fromWebSocket(host.switchToWs().getClient<object>(), host.getArgs());
    default:
      return fromRpc(host.getArgs());
  }
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
    signal: reply
      ? goneSignal(isObject(reply['raw']) ? reply['raw'] : reply, ['close'])
      : goneSignal(raw['socket'], ['close']),
  };
}

function fromGraphql(context: unknown): InboundRequest {
  const ctx = isObject(context) ? context : {};
  const given = [ctx['req'], ctx['request']].find(isObject);
  // Of a subscription over graphql-ws, its own context; Nest's drivers hand that on as `req`, unless the app maps it.
  const socket = [ctx['extra'], given?.['extra']].find(isObject);
  const request = isObject(socket?.['request']) ? socket['request'] : given;
  if (!request) return { identity: ctx, headers: [], unsafe: true };
  // Express and Apollo give { req, res }, Fastify drivers { request, reply } or { req, reply }.
  const response = socket ? undefined : [ctx['res'], ctx['reply'], request['res']].find(isObject);
  const http = fromHttp(request, response);
  // A socket carries many operations, each with a context of its own.
  return { ...http, http: undefined, identity: ctx };
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
    signal: goneSignal(client, ['close', 'disconnect']),
  };
}

function fromRpc(args: unknown[]): InboundRequest {
  // gRPC: (message, metadata, call), or (call, callback) for @GrpcStreamCall. Elsewhere: (message, context).
  const call = args.find(isGrpcCall);
  const context = args[1];
  return {
    // The arrays of arguments differ, for pipes and filters; what is in them does not.
    identity: call ?? (isObject(context) ? context : args),
    headers: isObject(call?.metadata) ? metadataHeaders(call.metadata) : [],
    // No browser speaks these protocols.
    unsafe: false,
    signal: goneSignal(call, ['cancelled']),
  };
}

/** What grpc-js hands to the implementation of a method, of any of the four kinds. */
interface GrpcCall {
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

// A socket lives through many messages: one listener each is enough.
const goneSignals = new WeakMap<object, AbortSignal>();

function goneSignal(emitter: unknown, events: string[]): AbortSignal | undefined {
  if (!isEmitter(emitter)) return undefined;
  const known = goneSignals.get(emitter);
  if (known) return known;
  const controller = new AbortController();
  const gone = (): void => {
    // A response also closes after a complete answer; a socket's end says nothing about what was under way. Over HTTP/2 a
    // response calls itself finished either way, but ended only if the answer was.
    const { writableFinished, writableEnded } = emitter;
    const isAnswered = writableFinished === true && writableEnded !== false && 'statusCode' in emitter;
    if (!isAnswered) controller.abort(new Error('the client disconnected'));
  };
  // A client may leave while a middleware waits for something, and no event comes twice.
  if (hasLeft(emitter)) gone();
  else for (const event of events) emitter.once(event, gone);
  goneSignals.set(emitter, controller.signal);
  return controller.signal;
}

function isEmitter(value: unknown): value is Fields & { once(event: string, listener: () => void): unknown } {
  return isObject(value) && typeof value['once'] === 'function';
}

/** Responses and sockets of Node, clients of `ws` and of socket.io, calls of grpc-js. */
function hasLeft({ destroyed, stream, readyState, disconnected, cancelled }: Fields): boolean {
  // An answer over HTTP/2 does not say it, but its stream does.
  if (isObject(stream) && stream['destroyed'] === true) return true;
  return destroyed === true || readyState === 3 || disconnected === true || cancelled === true;
}

function pick<K extends string>(value: object, keys: readonly K[]): Partial<Record<K, unknown>> {
  return Object.fromEntries(keys.map((key) => [key, (value as Fields)[key]])) as Partial<Record<K, unknown>>;
}

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
