import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { Http2SessionPool } from './http2-session-pool.js';
import { closed } from './reconnect.js';
import type { ResolvedOptions } from '../options/resolve-options.js';

/**
 * The way to one Flyte: connections, deadlines, retries. It knows no caller; `asCaller` adds one. Its transports are
 * for one call each: what is left of it ends with the signal.
 */
export interface Wire {
  /** For a call with one answer. */
  unary(done: AbortSignal): Transport;
  /** For a stream, on sessions of their own: they stay open, and would use up what the peer allows on one. */
  stream(done: AbortSignal): Transport;
  /** The streams that are open, by what ends each; undefined once the wire is closed, which opens no more of them. */
  readonly open: Set<AbortController> | undefined;
  /** Ends all streams and connections, for good where they are streams: who waits for a run would open the next one. */
  close(): void;
}

/** Opens nothing: the first call does, and reconnects where the connection was lost. */
export function createWire({ endpoint, tls, protocol }: ResolvedOptions): Wire {
  const create = protocol === 'grpc' ? createGrpcTransport : createConnectTransport;
  const certificates = tls && {
    ca: asBuffer(tls.ca),
    cert: asBuffer(tls.cert),
    key: asBuffer(tls.key),
  };
  const [calls, streams] = [1, 2].map(() => new Http2SessionPool(endpoint.url, certificates));
  if (!calls || !streams) throw new Error('unreachable');
  const noAnswer = endpoint.plaintext ? NO_ANSWER + NO_PLAINTEXT : NO_ANSWER;
  const oneCall = (pool: Http2SessionPool, done: AbortSignal): Transport => {
    const lost = new AbortController();
    const sessionManager = watching(pool, done, () => lost.abort(new ConnectError(noAnswer, Code.Unavailable)));
    const transport = create({ baseUrl: endpoint.url, httpVersion: '2', sessionManager });
    const until = (signal: AbortSignal | undefined): AbortSignal =>
      AbortSignal.any(signal ? [signal, lost.signal] : [lost.signal]);
    return {
      unary: (method, signal, ...call) => transport.unary(method, until(signal), ...call),
      stream: (method, signal, ...call) => transport.stream(method, until(signal), ...call),
    };
  };
  const open = new Set<AbortController>();
  const wire = {
    unary: (done: AbortSignal) => oneCall(calls, done),
    stream: (done: AbortSignal) => oneCall(streams, done),
    open: open as Wire['open'],
    close(): void {
      wire.open = undefined;
      for (const one of open) one.abort(closed());
      for (const pool of [calls, streams]) pool.close();
    },
  };
  return wire;
}

const NO_ANSWER = 'the connection was lost before an answer, as it also is by a peer that does not speak HTTP/2';
const NO_PLAINTEXT = ', or that wants TLS: see whether "endpoint" of FlyteModule is to be "https://"';

type SessionManager = Pick<Http2SessionPool, 'authority' | 'request' | 'notifyResponseByteRead'>;

/**
 * The pool for one call, whose stream is watched for two ends that Connect does not notice.
 *
 * @param done fires when the call is over
 * @param ended is called when no answer can come any more
 */
function watching(pool: Http2SessionPool, done: AbortSignal, ended: () => void): SessionManager {
  return {
    authority: pool.authority,
    notifyResponseByteRead: (stream) => pool.notifyResponseByteRead(stream),
    async request(...call) {
      const stream = await pool.request(...call);
      // A session that ends in good order takes streams along that nobody answered, without an error.
      if (stream.destroyed) ended();
      stream.once('close', ended).once('response', () => stream.off('close', ended));
      // Node keeps a stream that its peer has ended until all of it is read, and with the stream the process. Connect reads
      // no further where a call ends first, by its deadline or because nobody wants more. Connect is to learn of that first:
      // a stream that is not closed yet, it closes by telling the peer.
      const release = (): void => void (stream.closed && stream.destroy());
      done.addEventListener('abort', () => queueMicrotask(release), { once: true });
      return stream;
    },
  };
}

function asBuffer(value: string | Uint8Array | undefined): string | Buffer | undefined {
  return value === undefined || typeof value === 'string' ? value : Buffer.from(value);
}
