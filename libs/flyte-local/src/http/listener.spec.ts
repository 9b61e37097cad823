import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listen, type Listener } from './listener.js';

describe('listen', () => {
  let listener: Listener;
  beforeAll(async () => {
    const options = { port: 0, host: '127.0.0.1', tls: undefined, maxConcurrentStreams: 250, helloTimeoutMs: 60 };
    listener = await listen({ ...options, handler: (_request, response) => void response.end('ok') });
  });
  afterAll(() => listener.close());
  // The listener runs in this process: its patience ends when a test says so.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  function client(text: string): Socket {
    const socket = connect({ port: listener.port, host: '127.0.0.1' }).on('error', () => {});
    socket.write(text);
    return socket;
  }
  async function timers(count: number): Promise<void> {
    while (vi.getTimerCount() !== count) await new Promise(setImmediate);
  }
  async function answer(socket: Socket): Promise<string> {
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  it.each([
    ['nothing', ''],
    ['half of the HTTP/2 preface', 'PRI * HTTP/2.0'],
    ['the preface and no settings', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('disconnects a client that sends %s', async (_what, text) => {
    const socket = client(text);
    await timers(1);
    // Whoever has sent the preface is greeted.
    if (text.endsWith('\n')) await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    vi.advanceTimersByTime(59);
    expect(await answer(client('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'))).toMatch(/ 200 /);
    expect(socket.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await closed;
  });

  it('keeps a client that said what it speaks', async () => {
    const socket = client('');
    await timers(1);
    socket.write('GET / HTTP/1.1\r\n');
    await timers(0);
    vi.advanceTimersByTime(120);
    socket.write('Host: localhost\r\nConnection: close\r\n\r\n');
    expect(await answer(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['192.0.2.1', /can't listen on port 0 of 192\.0\.2\.1 \(EADDRNOTAVAIL\)/],
    ['no-such-host.invalid', /can't listen/],
  ])('says what is wrong with the address %s', async (host, message) => {
    const options = { port: 0, host, tls: undefined, maxConcurrentStreams: 250, handler: () => {} };
    await expect(listen(options)).rejects.toThrow(message);
  });
});
