import { createServer as createHttp1Server, type RequestListener } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf } from '../state/atomic-file.js';
import { detectProtocol } from './first-bytes.js';
import type { PlaneRequestHandler } from './plane-handler.js';

/** A certificate and its key, in PEM. */
export interface TlsOptions {
  /** The certificate, followed by those that vouch for it. */
  readonly cert: string | Buffer;
  /** Its private key. */
  readonly key: string | Buffer;
  /** The authority that signed it: what runs on the plane trusts that, to call it. `cert` itself if not given. */
  readonly ca?: string | Buffer;
}

/** What {@link listen} takes. */
export interface ListenOptions {
  /** The port; 0 takes a free one. */
  readonly port: number;
  /** The address to listen on. */
  readonly host: string;
  /** With it, only TLS is spoken. */
  readonly tls: TlsOptions | undefined;
  /** The limit of open streams that HTTP/2 clients are told in SETTINGS; what exceeds it is refused. */
  readonly maxConcurrentStreams: number;
  /** Answers each request. */
  readonly handler: PlaneRequestHandler;
  /** How long a client may take until it has said what it speaks, in milliseconds. */
  readonly helloTimeoutMs?: number;
}

/** A port that is listened on. */
export interface Listener {
  /** The port. */
  readonly port: number;
  /** Stops listening and ends every connection, at the latest after {@link CLOSE_GRACE_MS}; a second call does nothing. */
  close(): Promise<void>;
}

/** How long answers that have begun may take once the listener closes, in milliseconds. */
export const CLOSE_GRACE_MS = 250;

const HELLO_TIMEOUT_MS = 10_000;

/**
 * Listens on one port for HTTP/1.1 and HTTP/2, in plaintext or over TLS.
 *
 * @throws FlyteError `invalid_configuration` if the port or the address can't be had, or the certificate can't be used
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const sessions = new Set<ServerHttp2Session>();
  const { server, stop } =
    options.tls === undefined ? plaintextServer(options, sessions) : tlsServer(options, sessions);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await bind(server, options.port, options.host);
  const address = server.address();
  // Node types it as text for pipes, and as null for servers that do not listen; this is neither.
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    stop();
    for (const session of sessions) session.close();
    const grace = setTimeout(() => sockets.forEach((socket) => socket.destroy()), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(grace);
  };
  return { port, close: () => (closing ??= close()) };
}

interface StoppableServer {
  readonly server: Server;
  /** Ends connections that do nothing. */
  readonly stop: () => void;
}

function plaintextServer(options: ListenOptions, sessions: Set<ServerHttp2Session>): StoppableServer {
  const { handler, maxConcurrentStreams, helloTimeoutMs = HELLO_TIMEOUT_MS } = options;
  const http1 = createHttp1Server(handler as RequestListener);
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams } }, handler);
  trackSessions(http2, sessions, helloTimeoutMs);
  // This server gets its sockets from the one below and never listens itself. Node begins to check for slow headers on
  // 'listening', so it is told that it does.
  http1.emit('listening');

  const undecided = new Set<Socket>();
  // Half-open, as Node's own HTTP/1.1 server: a client may end its side once its request is sent.
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    undecided.add(socket);
    socket.once('close', () => undecided.delete(socket));
    // A reset before there is a request concerns nobody; the HTTP servers add listeners of their own.
    socket.on('error', () => socket.destroy());
    detectProtocol(socket, helloTimeoutMs, (protocol) => {
      undecided.delete(socket);
      if (protocol === 'http2') {
        // HTTP/2 has no use for half-open sockets, and left half-open they would stay after their clients have gone.
        socket.allowHalfOpen = false;
        // Node's HTTP/2 server reads the bytes that were put back from the stream, and all others from its handle.
        http2.emit('connection', socket);
      } else {
        http1.emit('connection', socket);
        socket.resume();
      }
    });
  });
  const stop = (): void => {
    http1.close();
    for (const socket of undecided) socket.destroy();
  };
  return { server, stop };
}

function tlsServer(options: ListenOptions, sessions: Set<ServerHttp2Session>): StoppableServer {
  const { handler, maxConcurrentStreams, tls, helloTimeoutMs = HELLO_TIMEOUT_MS } = options;
  try {
    const server = createSecureServer(
      {
        ...{ cert: tls?.cert, key: tls?.key, allowHTTP1: true },
        ...{ handshakeTimeout: helloTimeoutMs, settings: { maxConcurrentStreams } },
      },
      handler,
    );
    trackSessions(server, sessions, helloTimeoutMs);
    return { server, stop: () => {} };
  } catch (error) {
    throw new FlyteError(
      'invalid_configuration',
      `The TLS certificate and key can't be used (${codeOf(error)}). Both must be PEM, and the key must be the certificate's.`,
      { cause: error },
    );
  }
}

/** A client that opens a session must send its settings first (RFC 9113, 3.4); one that does not is disconnected. */
function trackSessions(
  server: { on(event: 'session', listener: (session: ServerHttp2Session) => void): unknown },
  sessions: Set<ServerHttp2Session>,
  helloTimeoutMs: number,
): void {
  server.on('session', (session) => {
    sessions.add(session);
    const timer = setTimeout(() => session.destroy(), helloTimeoutMs);
    session.once('remoteSettings', () => clearTimeout(timer));
    session.once('close', () => {
      clearTimeout(timer);
      sessions.delete(session);
    });
  });
}

async function bind(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = codeOf(error);
    const problem =
      code === 'EADDRINUSE'
        ? `Port ${port} on ${host} is taken. Stop the program that listens there`
        : `The control plane can't listen on port ${port} of ${host} (${code}). Check the address`;
    throw new FlyteError(
      'invalid_configuration',
      `${problem}, or choose another port with the option \`port\` or the flag --port; 0 takes a free one.`,
      { cause: error },
    );
  }
}
