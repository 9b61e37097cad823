import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface Ask {
  readonly method?: string;
  /** A flat list of names and values goes over the wire as it is, repeated ones included. */
  readonly headers?: Readonly<Record<string, string>> | string[];
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Opens a request with its target as given: nothing is decoded, resolved or normalised on the way. */
export function open(base: string, target: string, ask: Ask = {}): Promise<IncomingMessage> {
  const { hostname, port } = new URL(base);
  const headers = ask.headers ?? {};
  const listed = Array.isArray(headers) ? ['host', `${hostname}:${port}`, ...headers] : headers;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      // `Connection: close`, so that closing an app does not wait for a pool.
      { hostname, port, path: target, method: ask.method ?? 'GET', headers: listed, agent: false, signal: ask.signal },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(ask.body);
  });
}

/** Asks and reads the whole answer. */
export async function ask(base: string, target: string, options: Ask = {}): Promise<Answer> {
  const response = await open(base, target, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    get json() {
      return JSON.parse(text) as unknown;
    },
  };
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
