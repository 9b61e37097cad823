import type { ClientHttp2Stream } from 'node:http2';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { CommonTransportOptions, UniversalClientFn } from '@connectrpc/connect/protocol';
import { createTransport as createConnectTransport } from '@connectrpc/connect/protocol-connect';
import { createTransport as createGrpcTransport } from '@connectrpc/connect/protocol-grpc';
import {
  compressionBrotli,
  compressionGzip,
  createNodeHttpClient,
  type Http2SessionManager,
} from '@connectrpc/connect-node';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { Http2SessionPool } from './http2-session-pool.js';

/** What carries calls and streams to one Flyte, by sessions of its own. */
export interface NodeTransports {
  readonly calls: Transport;
  readonly streams: Transport;
  /** Ends all sessions. */
  close(): void;
}

const NO_ANSWER = 'the connection was lost before an answer, as it also is by a peer that does not speak HTTP/2';
const NO_PLAINTEXT = ', or that wants TLS: see whether "endpoint" of FlyteModule is to be "https://"';

/** What Connect's own transports of Node are given where nothing is said. */
const DEFAULTS: Omit<CommonTransportOptions, 'httpClient' | 'baseUrl'> = {
  useBinaryFormat: true,
  interceptors: [],
  acceptCompression: [compressionGzip, compressionBrotli],
  sendCompression: null,
  compressMinBytes: 1024,
  readMaxBytes: 0xffffffff,
  writeMaxBytes: 0xffffffff,
};

/** Opens nothing: the first call does, and reconnects where the connection was lost. */
export function createNodeTransports({ endpoint, tls, protocol }: TransportOptions): NodeTransports {
  const create = protocol === 'grpc' ? createGrpcTransport : createConnectTransport;
  const noAnswer = endpoint.plaintext ? NO_ANSWER + NO_PLAINTEXT : NO_ANSWER;
  const certificates = tls && { ca: asBuffer(tls.ca), cert: asBuffer(tls.cert), key: asBuffer(tls.key) };
  const [calls, streams] = [
    new Http2SessionPool(endpoint.url, certificates),
    new Http2SessionPool(endpoint.url, certificates),
  ];
  const over = (pool: Http2SessionPool): Transport =>
    create({ ...DEFAULTS, baseUrl: endpoint.url, httpClient: watchingClient(pool, noAnswer) });
  return {
    calls: over(calls),
    streams: over(streams),
    close() {
      calls.close();
      streams.close();
    },
  };
}

export type TransportOptions = Pick<ResolvedOptions, 'endpoint' | 'tls' | 'protocol'>;

/** Connect's client over a pool, with an eye on two ends of a stream that it does not notice itself. */
function watchingClient(pool: Http2SessionPool, noAnswer: string): UniversalClientFn {
  // Of the request that is being made: the client asks for a stream before it returns.
  let done: AbortSignal | undefined;
  const session = {
    authority: pool.authority,
    notifyResponseByteRead: (stream: ClientHttp2Stream) => pool.notifyResponseByteRead(stream),
    request: (...[method, path, headers, options]: RequestArguments) => {
      const over = done;
      return pool.request(method, path, headers, options, (stream) => watchEnds(stream, over, noAnswer));
    },
  };
  const client = createNodeHttpClient({ httpVersion: '2', sessionProvider: () => session });
  return (request) => {
    done = request.signal;
    try {
      return client(request);
    } finally {
      done = undefined;
    }
  };
}

type RequestArguments = Parameters<Http2SessionManager['request']>;

/**
 * Watches the stream of one call.
 *
 * @param done fires when the call is over, well or not
 * @throws ConnectError `unavailable` where no answer can come any more
 */
function watchEnds(stream: ClientHttp2Stream, done: AbortSignal | undefined, noAnswer: string): void {
  // A session that ends in good order takes streams along that nobody answered, without an error.
  if (stream.destroyed) throw new ConnectError(noAnswer, Code.Unavailable);
  let isWaiting = true;
  // Told before whatever Node says of it; Connect, which listens from the moment that it has the stream, goes by the first.
  const lost = (): void => {
    if (!isWaiting) return;
    isWaiting = false;
    if (stream.listenerCount('error') > 0) stream.emit('error', new ConnectError(noAnswer, Code.Unavailable));
  };
  // Not by `once`, which wraps each listener and takes it away again: none of these comes twice.
  stream
    .on('close', lost)
    .on('error', lost)
    .on('response', () => (isWaiting = false));
  // Node keeps a stream that its peer has ended until all of it is read, and with the stream the process. Connect reads
  // no further where a call ends first, by its deadline or because nobody wants more. Connect is to learn of that first:
  // a stream that is not closed yet, it closes by telling the peer.
  const release = (): void => {
    if (!stream.readableEnded) queueMicrotask(() => stream.closed && stream.destroy());
  };
  done?.addEventListener('abort', release, { once: true });
}

function asBuffer(value: string | Uint8Array | undefined): string | Buffer | undefined {
  return value === undefined || typeof value === 'string' ? value : Buffer.from(value);
}
