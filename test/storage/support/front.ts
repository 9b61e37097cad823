import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before a store and passes all on, but for what it is told to get wrong. */
export interface Front {
  readonly url: string;
  /** The requests that came, such as `PUT /bucket/key`, since it was last emptied. */
  readonly asked: string[];
  /** Answers the next requests with 503. */
  fail(times: number): void;
  /** Breaks the connection of the next answer whose body is larger than this, after as many bytes. */
  breakAfter(bytes: number): void;
  stop(): Promise<void>;
}

/** Starts one on loopback before a port. */
export async function startFront(port: number): Promise<Front> {
  const asked: string[] = [];
  let failures = 0;
  let breaks: number | undefined;

  function passOn(incoming: IncomingMessage, answer: ServerResponse): void {
    const { expect: _, ...headers } = incoming.headers;
    const onward = request({ host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers });
    onward.on('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      const limit = breaks !== undefined && Number(response.headers['content-length']) > breaks ? breaks : undefined;
      if (limit === undefined) {
        response.pipe(answer);
        return;
      }
      breaks = undefined;
      let passed = 0;
      response.on('data', (chunk: Buffer) => {
        const rest = chunk.subarray(0, limit - passed);
        passed += rest.length;
        answer.write(rest, () => {
          if (passed === limit) answer.destroy();
        });
      });
    });
    incoming.pipe(onward);
  }

  const server = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (failures === 0) {
      passOn(incoming, answer);
      return;
    }
    failures -= 1;
    incoming.resume().once('end', () => answer.writeHead(503).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    fail: (times) => {
      failures = times;
    },
    breakAfter: (bytes) => {
      breaks = bytes;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
