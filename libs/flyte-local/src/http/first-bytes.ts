import type { Duplex } from 'node:stream';

/** What the first bytes of a connection speak. */
export type WireProtocol = 'http1' | 'http2';

/** What every HTTP/2 client sends first (RFC 9113, 3.4). No HTTP/1.1 request begins like this. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Looks at the first bytes of a connection, however they are split, puts them back, and says what they speak. A client
 * that sends too little in time, or hangs up before, is disconnected and not reported.
 *
 * @param socket a connection that nobody has read from
 * @param timeoutMs how long the client may take, in milliseconds, over all its bytes together
 * @param settle is told once; the socket is paused then
 */
export function detectProtocol(socket: Duplex, timeoutMs: number, settle: (protocol: WireProtocol) => void): void {
  const chunks: Buffer[] = [];
  let matched = 0;

  const stop = (): void => {
    clearTimeout(timer);
    socket.off('data', onData).off('end', giveUp).off('close', stop);
  };
  const giveUp = (): void => {
    stop();
    socket.destroy();
  };
  const decide = (protocol: WireProtocol): void => {
    stop();
    socket.pause();
    socket.unshift(Buffer.concat(chunks));
    settle(protocol);
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    for (const byte of chunk) {
      if (byte !== PREFACE[matched]) return decide('http1');
      matched += 1;
      if (matched === PREFACE.length) return decide('http2');
    }
  };

  const timer = setTimeout(giveUp, timeoutMs);
  socket.on('data', onData).on('end', giveUp).on('close', stop);
}
