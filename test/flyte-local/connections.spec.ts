import { execFile, execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { explainSkip, openSocket } from './support.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const hasCurl = canCurl();
explainSkip(!hasCurl, 'the test with curl, because there is no curl that speaks HTTP/2');

describe('a connection', () => {
  let plane: LocalControlPlane;
  const accepted = new Set<Socket>();
  // What Node's own servers report: each socket that they accepted.
  const onSocket = (message: unknown): void => void accepted.add((message as { socket: Socket }).socket);
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
  });
  afterAll(() => plane.close());
  beforeEach(() => {
    accepted.clear();
    subscribe('net.server.socket', onSocket);
  });
  afterEach(() => void unsubscribe('net.server.socket', onSocket));

  /** Waits until the plane has given up every connection that it got, and answers how many these were. */
  async function closedOnes(): Promise<number> {
    const open = (): number => [...accepted].filter(({ destroyed }) => !destroyed).length;
    await expect.poll(open).toBe(0);
    return accepted.size;
  }

  it.each([
    ['right after the preface', [PREFACE]],
    ['after its settings', [PREFACE, EMPTY_SETTINGS]],
    ['in one piece with its settings', [Buffer.concat([Buffer.from(PREFACE), EMPTY_SETTINGS])]],
  ])('of HTTP/2 ends when its client ends it %s', async (_when, parts) => {
    for (let at = 0; at < 5; at++) {
      const socket = await openSocket(plane.port);
      // Only the plane's own end closes it: a client that waits for that is not hung up on.
      socket.allowHalfOpen = true;
      for (const part of parts) {
        socket.write(part);
        await new Promise(setImmediate);
      }
      socket.end();
      await once(socket.resume(), 'end');
      socket.destroy();
    }
    expect(await closedOnes()).toBe(5);
  });

  it('of HTTP/2 ends when a client of Node closes its session', async () => {
    for (let at = 0; at < 5; at++) {
      const session = connectHttp2(plane.url);
      const stream = session.request({ ':path': '/healthz' });
      await once(stream.resume(), 'end');
      session.close();
      await once(session, 'close');
    }
    expect(await closedOnes()).toBe(5);
  });

  it.skipIf(!hasCurl)('of HTTP/2 ends with curl', async () => {
    const url = `${plane.url}/healthz`;
    for (let at = 0; at < 5; at++) {
      const { stdout } = await promisify(execFile)('curl', ['--silent', '--http2-prior-knowledge', url]);
      expect(stdout).toBe('{"status":"ok"}');
    }
    expect(await closedOnes()).toBe(5);
  });

  it('of HTTP/1.1 ends with its client, idle or undecided', async () => {
    for (const text of ['', 'P', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
      const socket = await openSocket(plane.port);
      socket.end(text);
      await once(socket.resume(), 'close');
    }
    expect(await closedOnes()).toBe(3);
  });
});

function canCurl(): boolean {
  try {
    return execFileSync('curl', ['--version'], { encoding: 'utf8' }).includes('HTTP2');
  } catch {
    return false;
  }
}
