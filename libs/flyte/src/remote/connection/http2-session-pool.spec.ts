import { once } from 'node:events';
import { createServer as createHttp2Server, type ClientHttp2Stream, type ServerHttp2Session } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Http2SessionPool } from './http2-session-pool.js';

const HELLO_MS = 100;

const toEnd: (() => void)[] = [];
afterEach(() => toEnd.splice(0).forEach((end) => end()));

// The pool's patience ends when a test says so: how long a busy machine needs is another matter.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

async function listening(server: Server, port = 0): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  toEnd.push(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** A peer that answers 200 to whatever is asked. */
function answering(maxConcurrentStreams?: number): Server {
  const server = createHttp2Server({ settings: { maxConcurrentStreams } });
  server.on('session', (session: ServerHttp2Session) => session.on('error', () => undefined));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 }, { endStream: true });
  });
  return server;
}

function poolTo(port: number, scheme = 'http'): Http2SessionPool {
  const pool = new Http2SessionPool(`${scheme}://127.0.0.1:${port}`, undefined, HELLO_MS);
  toEnd.push(() => pool.close());
  return pool;
}

async function call(pool: Http2SessionPool): Promise<unknown> {
  return answerOf(await pool.request('GET', '/', {}, {}));
}

function answerOf(stream: ClientHttp2Stream): Promise<unknown> {
  return new Promise((resolve, reject) => {
    stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject);
    // One that is cancelled has no error.
    stream.once('close', () => reject(new Error('closed without an answer')));
    stream.resume().end();
  });
}

describe('Http2SessionPool', () => {
  it.each(['http', 'https'])(
    'gives up a %s peer that accepts and says nothing, and recovers by itself',
    async (scheme) => {
      let accepted = 0;
      const silent = createServer((socket) => {
        accepted++;
        socket.resume();
      });
      const { port } = await listening(silent);
      const pool = poolTo(port, scheme);
      silent.once('connection', () => vi.advanceTimersByTime(HELLO_MS));
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => call(pool)));
      expect(results.map((result) => result.status)).toEqual(Array.from({ length: 20 }, () => 'rejected'));
      // All of them wait for the one connection: a peer in distress is not offered twenty.
      expect(accepted).toBe(1);
      silent.once('connection', () => vi.advanceTimersByTime(HELLO_MS));
      await expect(call(pool)).rejects.toThrow('the peer said nothing for 100 ms');
      expect(accepted).toBe(2);
      if (scheme === 'https') return;
      toEnd.pop();
      await new Promise<void>((resolve) => silent.close(() => resolve()));
      await listening(answering(), port);
      expect(await call(pool)).toBe(200);
    },
  );

  it('learns anew what the peer allows when it is another one', async () => {
    const first = await listening(answering());
    const pool = poolTo(first.port);
    expect(await Promise.all(Array.from({ length: 20 }, () => call(pool)))).toEqual(
      Array.from({ length: 20 }, () => 200),
    );
    const stream = await pool.request('GET', '/', {}, {});
    const { session } = stream;
    const lost = session && once(session, 'close');
    await answerOf(stream);
    toEnd.splice(0, 1).forEach((end) => end());
    await lost;
    // The first peer had no limit. This one refuses a third stream on a connection.
    await listening(answering(2), first.port);
    expect(await Promise.all(Array.from({ length: 50 }, () => call(pool)))).toEqual(
      Array.from({ length: 50 }, () => 200),
    );
  });

  it('pings a connection once nothing has come from it for a minute', async () => {
    let pings = 0;
    const server = createHttp2Server();
    server.on('session', (session: ServerHttp2Session) =>
      session.on('ping', () => pings++).on('error', () => undefined),
    );
    server.on('stream', (stream) => stream.on('error', () => undefined).respond({ ':status': 200 }));
    const pool = poolTo((await listening(server)).port);
    const open = async (): Promise<ClientHttp2Stream> => {
      const stream = await pool.request('GET', '/', {}, {});
      stream.on('error', () => undefined).end();
      await once(stream, 'response');
      return stream;
    };
    const stream = await open();
    vi.advanceTimersByTime(50_000);
    pool.notifyResponseByteRead(stream);
    vi.advanceTimersByTime(20_000);
    await open(); // what was sent before has arrived
    expect(pings).toBe(0);
    vi.advanceTimersByTime(60_000);
    await open();
    expect(pings).toBe(1);
  });
});
