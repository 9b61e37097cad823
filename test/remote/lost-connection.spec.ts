import { EventEmitter } from 'node:events';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get } from '@nestjs/common';
import { createClient } from '@connectrpc/connect';
import { FlyteClient, FlyteModule, UserService, type FlyteModuleOptions } from 'nestjs-flyte';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterEach, expect, it } from 'vitest';
import { startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';

@Controller()
class Me {
  constructor(private readonly users: UserService) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
}

const toEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).toReversed()) await end();
});

/** A peer in front of Flyte that treats each stream as a test wants. */
async function peer(maxConcurrentStreams: number, onStream: (stream: ServerHttp2Stream, count: number) => void) {
  const sockets = new Set<Socket>();
  const server = createHttp2Server({ settings: { maxConcurrentStreams } });
  let count = 0;
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('session', (session) => session.on('error', () => undefined));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream, ++count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toEnd.push(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, count: () => count };
}

async function app(options: FlyteModuleOptions): Promise<Running> {
  const started = await startApp({
    controllers: [Me],
    imports: [FlyteModule.forRoot({ passthrough: true, ...options })],
  });
  toEnd.push(() => started.app.close());
  return started;
}

const headers = bearer('some-token-of-mine');

it('connections that are reset while many are open: 503, and the process lives', async () => {
  // vitest fails a run in which an error was thrown that nobody caught.
  const there = await peer(2, () => undefined);
  const { url } = await app({ endpoint: there.url, retries: 0 });
  const answers = Array.from({ length: 20 }, () => ask(url, '/me', { headers }));
  await expect.poll(there.count).toBe(20);
  expect(there.sockets.size).toBe(10);
  for (const socket of there.sockets) socket.resetAndDestroy();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: 20 }, () => 503));
});

it.each([
  ['refuses', 7],
  ['cancels', 8],
])('a peer that %s a stream: repeated where that is safe, else 503', async (_what, code) => {
  const there = await peer(100, (stream, count) => {
    if (count !== 3) stream.close(code);
    else stream.respond({ ':status': 200, 'content-type': 'application/proto' }, { endStream: true });
  });
  const once = await app({ endpoint: there.url, retries: 0 });
  const refused = await ask(once.url, '/me', { headers });
  expect([refused.status, refused.text.includes('stream')]).toEqual([503, false]);
  const patient = await app({ endpoint: there.url, retries: 2 });
  expect((await ask(patient.url, '/me', { headers })).status).toBe(200);
});

it('a stream that is left after its peer has ended it keeps no place on the connection', async () => {
  const ended = new EventEmitter();
  const there = await peer(1, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/connect+proto' });
    stream.write(Buffer.from([0, 0, 0, 0, 0])); // an empty message
    ended.once('now', () => stream.end(Buffer.from('\u0002\0\0\0\u0002{}'))); // as Connect ends a stream
  });
  const { app: nest } = await app({ endpoint: there.url, passthrough: false });
  const runs = createClient(RunService, nest.get(FlyteClient).transport);
  for (let i = 0; i < 3; i++) {
    const leaving = new AbortController();
    // oxlint-disable no-await-in-loop -- one after the other
    for await (const _ of runs.watchRunDetails({}, { signal: leaving.signal })) break;
    ended.emit('now');
    await sleep(50); // It is here now, and nobody reads it.
    leaving.abort();
    await sleep(50);
  }
  expect(there.sockets.size).toBe(1);
});
