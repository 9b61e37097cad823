import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { detectProtocol, type WireProtocol } from './first-bytes.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** As much of a socket as the detection uses, without a network. */
class FakeSocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

function detect(): { socket: FakeSocket; found: WireProtocol[] } {
  const socket = new FakeSocket();
  const found: WireProtocol[] = [];
  detectProtocol(socket, 1000, (protocol) => found.push(protocol));
  return { socket, found };
}

async function feed(socket: FakeSocket, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    socket.push(Buffer.from(part, 'latin1'));
    await new Promise(setImmediate);
  }
}

describe('detectProtocol', () => {
  it.each([
    [[PREFACE], 'http2'],
    [PREFACE.split(''), 'http2'],
    [[`${PREFACE}and more`], 'http2'],
    [['GET / HTTP/1.1\r\n'], 'http1'],
    [['P', 'OST /'], 'http1'],
    [[PREFACE.slice(0, 23), 'x'], 'http1'],
    [['\u0000'], 'http1'],
    [['pri * HTTP/2.0'], 'http1'],
  ] as const)('finds in %j: %s, and puts every byte back', async (parts, protocol) => {
    const { socket, found } = detect();
    await feed(socket, parts);
    expect(found).toEqual([protocol]);
    expect(String(socket.read())).toBe(parts.join(''));
  });

  it('says nothing of a beginning, and nothing after the client ended', async () => {
    const { socket, found } = detect();
    await feed(socket, [PREFACE.slice(0, 23)]);
    expect(found).toEqual([]);
    socket.push(null);
    await new Promise(setImmediate);
    expect(socket.destroyed).toBe(true);
    expect(found).toEqual([]);
  });

  describe('with a clock', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => void vi.useRealTimers());

    it('disconnects a client that says too little, however often it says something', async () => {
      const { socket, found } = detect();
      for (const byte of PREFACE.slice(0, 9)) {
        await feed(socket, [byte]);
        vi.advanceTimersByTime(110);
      }
      expect(socket.destroyed).toBe(false);
      vi.advanceTimersByTime(110);
      expect(socket.destroyed).toBe(true);
      expect(found).toEqual([]);
    });

    it('leaves one alone that has said enough', async () => {
      const { socket } = detect();
      await feed(socket, ['GET']);
      vi.advanceTimersByTime(10_000);
      expect(socket.destroyed).toBe(false);
    });
  });
});
