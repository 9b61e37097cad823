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
      return fromRpc(host.getArgByIndex<unknown>(1), host.getArgByIndex<unknown>(2), host.getArgs());
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
  return {
    identity: request,
    headers: headersOf(raw),
    http: { method, target, rewritten: now !== target },
    response: reply,
    unsafe: !SAFE_METHODS.has(method),
    signal: goneSignal(isObject(reply?.['raw']) ? reply['raw'] : reply, ['close']),
  };
}

function fromGraphql(context: unknown): InboundRequest {
  const ctx = isObject(context) ? context : {};
  const request = [ctx['req'], ctx['request']].find(isObject);
  if (request) {
    // Express and Apollo give { req, res }, Fastify drivers { request, reply } or { req, reply }.
    const http = fromHttp(request, [ctx['res'], ctx['reply'], request['res']].find(isObject));
    return { ...http, http: undefined, identity: ctx };
  }
  const extra = isObject(ctx['extra']) ? ctx['extra'] : {};
  const upgrade = isObject(extra['request']) ? extra['request'] : {}; // graphql-ws: the request that opened the socket
  return {
    identity: ctx,
    headers: headersOf(upgrade),
    unsafe: true,
    signal: goneSignal(extra['socket'], ['close']),
  };
}

function fromWebSocket(client: object, args: unknown[]): InboundRequest {
  const { request, handshake } = pick(client, ['request', 'handshake']);
  const opened = handshakes.get(client) ?? [request, handshake].find(isObject);
  return {
    // A message has no object of its own; the array of its arguments is the same one from guard to handler.
    identity: args,
    headers: isObject(opened) ? headersOf(opened) : [],
    // Browsers open sockets across sites, with cookies and without asking.
    unsafe: true,
    signal: goneSignal(client, ['close', 'disconnect']),
  };
}

function fromRpc(context: unknown, call: unknown, args: unknown[]): InboundRequest {
  return {
    identity: args,
    headers: isObject(context) ? metadataHeaders(context) : [],
    // No browser speaks these protocols.
    unsafe: false,
    signal: goneSignal(call, ['cancelled']),
  };
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
    // A response also closes after a complete answer; other emitters lack the fields. Over HTTP/2 it calls itself finished
    // either way, but ended only if the answer was.
    if (emitter.writableFinished === true && emitter.writableEnded !== false) return;
    controller.abort(new Error('the client disconnected'));
  };
  // What came before the guard may have taken longer than the client waited; the event is over then.
  if (emitter.destroyed === true || emitter.stream?.destroyed === true) gone();
  for (const event of events) emitter.once(event, gone);
  goneSignals.set(emitter, controller.signal);
  return controller.signal;
}

interface Emitter {
  once(event: string, listener: () => void): unknown;
  readonly writableFinished?: unknown;
  readonly writableEnded?: unknown;
  readonly destroyed?: unknown;
  /** Of HTTP/2, where the answer itself does not say it. */
  readonly stream?: { readonly destroyed?: unknown };
}

function isEmitter(value: unknown): value is Emitter {
  return isObject(value) && typeof value['once'] === 'function';
}

function pick<K extends string>(value: object, keys: readonly K[]): Partial<Record<K, unknown>> {
  return Object.fromEntries(keys.map((key) => [key, (value as Fields)[key]])) as Partial<Record<K, unknown>>;
}

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
