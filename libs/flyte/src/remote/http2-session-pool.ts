import type { ClientHttp2Stream, Http2Session, OutgoingHttpHeaders } from 'node:http2';
import { Http2SessionManager } from '@connectrpc/connect-node';

type RequestOptions = Parameters<Http2SessionManager['request']>[3];

/** Waits for what the peer allows on a session. */
interface Learning {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One HTTP/2 session and how many of its streams are in use. */
interface Pooled {
  readonly manager: Http2SessionManager;
  open: number;
  /** How many streams the peer allows: 1, until its SETTINGS frame says. */
  limit: number;
  /** While the first stream of a session is on its way and the limit unknown. */
  learning?: Learning;
  /** The connection whose SETTINGS are listened to; another one after a reconnect. */
  connection?: Http2Session;
}

// Pings tell a dead connection from a silent one, but only while something waits on it.
const PING_INTERVAL_MS = 60_000;

/**
 * HTTP/2 sessions to one peer. A session carries calls until the peer's limit on concurrent streams is reached; then the
 * next one opens. Each reconnects by itself, on the next call after it was lost. Nothing is opened before the first call.
 *
 * Node would queue what exceeds the limit, behind streams that may never end; and what is sent before the limit is known,
 * the peer refuses.
 */
export class Http2SessionPool {
  /** Scheme, host and port of the peer. */
  readonly authority: string;
  private readonly sessions: Pooled[] = [];
  private readonly create: () => Http2SessionManager;

  /**
   * @param url scheme, host and port of the peer
   * @param tls what `http2.connect` is given for TLS
   */
  constructor(url: string, tls: ConstructorParameters<typeof Http2SessionManager>[2]) {
    this.authority = new URL(url).origin;
    this.create = () => new Http2SessionManager(url, { pingIntervalMs: PING_INTERVAL_MS }, tls);
  }

  /** Opens a stream on the first session that has room for one. */
  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: RequestOptions,
  ): Promise<ClientHttp2Stream> {
    const session = await this.acquire();
    try {
      const stream = await session.manager.request(method, path, headers, options);
      if (stream.session) learnLimit(session, stream.session);
      stream.once('close', () => this.release(session));
      return stream;
    } catch (error) {
      session.learning?.reject(error);
      this.release(session);
      throw error;
    }
  }

  /** Part of what the transport expects: bytes that arrive show that a connection lives. */
  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    for (const { manager } of this.sessions) manager.notifyResponseByteRead(stream);
  }

  /** Ends all sessions and the streams on them. The pool stays usable. */
  close(): void {
    for (const { manager } of this.sessions.splice(0)) manager.abort();
  }

  private async acquire(): Promise<Pooled> {
    for (;;) {
      const session = this.sessions.find(({ open, limit }) => open < limit);
      if (session) return take(session);
      const learning = this.sessions.find((one) => one.learning)?.learning;
      if (!learning) break;
      // oxlint-disable-next-line no-await-in-loop -- looks again once more is known
      await learning.done;
    }
    const session: Pooled = { manager: this.create(), open: 0, limit: 1 };
    this.sessions.push(session);
    return take(session);
  }

  /** Keeps the first session; the others were there for a rush, and end with it. */
  private release(session: Pooled): void {
    session.open--;
    settle(session);
    const index = this.sessions.indexOf(session);
    if (session.open === 0 && index > 0) {
      this.sessions.splice(index, 1);
      session.manager.abort();
    }
  }
}

function take(session: Pooled): Pooled {
  session.open++;
  if (!session.connection && !session.learning) {
    const { promise, resolve, reject } = withResolvers();
    promise.catch(() => undefined); // nobody may be waiting
    session.learning = { done: promise, resolve, reject };
  }
  return session;
}

function learnLimit(session: Pooled, connection: Http2Session): void {
  if (session.connection === connection) return;
  session.connection = connection;
  connection.on('remoteSettings', ({ maxConcurrentStreams }) => {
    session.limit = Math.max(1, maxConcurrentStreams ?? Infinity);
    settle(session);
  });
}

function settle(session: Pooled): void {
  session.learning?.resolve();
  session.learning = undefined;
}

/** `Promise.withResolvers`, which Node has from 22 on. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
