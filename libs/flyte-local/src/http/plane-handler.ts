import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import { FILES_PATH } from '../files/signed-urls.js';
import type { Documents } from './documents.js';
import type { Refusal } from './host-guard.js';

/** A request of either version of HTTP. */
export type PlaneRequest = IncomingMessage | Http2ServerRequest;

/** The answer to a {@link PlaneRequest}. */
export type PlaneResponse = ServerResponse | Http2ServerResponse;

/** As much of a response as an answer in JSON needs; Connect's type of a response has no more in common with Node's. */
export interface JsonResponse {
  /** The HTTP status to send. */
  statusCode: number;
  /** Sets a header. */
  setHeader(name: string, value: string): unknown;
  /** Sends the whole body. */
  end(text: string): unknown;
}

/** Answers a request. */
export type PlaneRequestHandler = (request: PlaneRequest, response: PlaneResponse) => void;

/** What {@link planeHandler} puts together, in the order in which it asks them. */
export interface PlaneHandlerParts {
  /** Refuses a request by its raw headers. */
  readonly guard: (rawHeaders: readonly string[]) => Refusal | undefined;
  /** The plain HTTP routes. */
  readonly documents: Documents;
  /** What is under {@link FILES_PATH}: files, by signed URLs. */
  readonly files: PlaneRequestHandler;
  /** Everything else: the calls. */
  readonly calls: PlaneRequestHandler;
}

/** Makes the handler of every request that reaches the plane. */
export function planeHandler({ guard, documents, files, calls }: PlaneHandlerParts): PlaneRequestHandler {
  return (request, response) => {
    // A stream that the client resets emits an error even when nobody reads it.
    request.on('error', () => {});
    response.on('error', () => {});
    // By this, clients know that tasks run on this machine, whatever image they name.
    response.setHeader('server', 'nestjs-flyte-local');
    const refusal = guard(request.rawHeaders);
    if (refusal !== undefined) return refuse(response, refusal);
    if (request.url?.startsWith(FILES_PATH)) return files(request, response);
    const document = documents.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (document === undefined) return calls(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const message = 'This path answers GET and HEAD only.';
      return sendJson(response, 405, { code: 'unimplemented', message }, { allow: 'GET, HEAD' });
    }
    const { status, body } = document();
    sendJson(response, status, body);
  };
}

/** Answers a call to a method that the plane does not serve. Over Connect, and by HTTP itself, that is what status 404 says. */
export function answerUnimplemented({ url = '', headers }: PlaneRequest, response: JsonResponse): void {
  const [, method] = /^\/([\w.]+\/\w+)(?:\?|$)/.exec(url) ?? [];
  const message = `The local control plane does not serve ${method ?? 'this'}. A call is a POST to /<package>.<Service>/<Method>.`;
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('application/grpc')) return refuse(response, { status: 404, code: 'unimplemented', message });
  response.statusCode = 200;
  response.setHeader('content-type', type);
  const status = new Headers();
  setTrailerStatus(status, new ConnectError(message, Code.Unimplemented));
  for (const [name, value] of status) response.setHeader(name, value);
  response.end('');
}

/** Answers a request that goes no further. */
export function refuse(response: JsonResponse, { status, code, message }: Refusal): void {
  sendJson(response, status, { code, message }, status === 401 ? { 'www-authenticate': 'Bearer' } : {});
}

function sendJson(
  response: JsonResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  const fixed = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  for (const [name, value] of Object.entries({ ...fixed, ...headers })) response.setHeader(name, value);
  response.statusCode = status;
  response.end(text);
}
