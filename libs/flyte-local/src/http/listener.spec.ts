import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen, type Listener } from './listener.js';

describe('listen', () => {
  let listener: Listener;
  beforeAll(async () => {
    const options = { port: 0, host: '127.0.0.1', tls: undefined, maxConcurrentStreams: 250, helloTimeoutMs: 60 };
    listener = await listen({ ...options, handler: (_request, response) => void response.end('ok') });
  });
  afterAll(() => listener.close());

  it.each([
    ['nothing', ''],
    ['half of the HTTP/2 preface', 'PRI * HTTP/2.0'],
    ['the preface and no settings', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('disconnects a client that sends %s', async (_what, text) => {
    const socket = connect({ port: listener.port, host: '127.0.0.1' });
    socket.on('error', () => {}).resume();
    const closed = once(socket, 'close');
    const begun = performance.now();
    if (text !== '') socket.write(text);
    await closed;
    expect(performance.now() - begun).toBeGreaterThan(40);
  });

  it('keeps a client that said what it speaks', async () => {
    const socket = connect({ port: listener.port, host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\n');
    await new Promise((resolve) => setTimeout(resolve, 120));
    socket.write('Host: localhost\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['192.0.2.1', /can't listen on port 0 of 192\.0\.2\.1 \(EADDRNOTAVAIL\)/],
    ['no-such-host.invalid', /can't listen/],
  ])('says what is wrong with the address %s', async (host, message) => {
    const options = { port: 0, host, tls: undefined, maxConcurrentStreams: 250, handler: () => {} };
    await expect(listen(options)).rejects.toThrow(message);
  });
});
