import type { ClientHttp2Stream, Http2Session, OutgoingHttpHeaders } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { Http2SessionManager } from '@connectrpc/connect-node';
import { outsideRequests } from '../../auth/outside-requests.js';

type RequestOptions = Parameters<Http2SessionManager['request']>[3];

/** Waits for what the peer allows on a connection. */
interface Learning {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** One HTTP/2 session and how many of its streams are in use. */
interface Pooled {
  readonly manager: Http2SessionManager;
  open: number;
  /** When it was last noted that the connection lives, as `Date.now()` says it. */
  heardAt: number;
  /** How many streams the peer allows on the connection: 1, until its SETTINGS frame says. */
  limit: number;
  /** While a connection is opened, and until the peer's SETTINGS have come. */
  learning?: Learning;
  /** The connection that new streams go on; none while there is none, and another one after a reconnect. */
  connection?: Http2Session;
}

// A peer says hello at once. One that accepts a connection and then says nothing, perhaps for ever, is given up.
const HELLO_TIMEOUT_MS = 10_000;

// Pings tell a dead connection from a silent one, but only while something waits on it.
const PING_INTERVAL_MS = 60_000;

// How often it is noted that a connection lives: seldom beside the pings.
const HEARD_EVERY_MS = 1_000;

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
   * @param helloTimeoutMs how long the peer may take to accept a connection and say hello, in milliseconds
   */
  constructor(
    url: string,
    tls: ConstructorParameters<typeof Http2SessionManager>[2],
    private readonly helloTimeoutMs = HELLO_TIMEOUT_MS,
  ) {
    this.authority = new URL(url).origin;
    this.create = () => new Http2SessionManager(url, { pingIntervalMs: PING_INTERVAL_MS }, tls);
  }

  /**
   * Opens a stream on the first session that has room for one.
   *
   * @param watch is given the stream before anybody else is; what it throws, the call fails with
   */
  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: RequestOptions,
    watch?: (stream: ClientHttp2Stream) => void,
  ): Promise<ClientHttp2Stream> {
    const open = (session: Pooled): Promise<ClientHttp2Stream> =>
      outsideRequests(() => session.manager.request(method, path, headers, options)).then(
        (stream) => {
          this.opened(session, stream);
          watch?.(stream);
          return stream;
        },
        (error: unknown) => {
          settle(session, error);
          this.release(session);
          throw error;
        },
      );
    const free = this.sessions.find(hasRoom);
    return free ? open(this.take(free)) : this.acquire().then(open);
  }

  /** Part of what the transport expects: bytes that arrive show that a connection lives. */
  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    const session = this.sessions.find(({ connection }) => connection === stream.session);
    const now = Date.now();
    // For each part of each answer, a manager would set a timer anew.
    if (session && Math.abs(now - session.heardAt) < HEARD_EVERY_MS) return;
    if (session) session.heardAt = now;
    outsideRequests(() => this.sessions.forEach(({ manager }) => manager.notifyResponseByteRead(stream)));
  }

  /** Ends all sessions and the streams on them. The pool stays usable. */
  close(): void {
    for (const session of this.sessions.splice(0)) {
      session.manager.abort();
      settle(session, new ConnectError('the connection was closed', Code.Canceled));
    }
  }

  private async acquire(): Promise<Pooled> {
    for (;;) {
      const session = this.sessions.find(hasRoom);
      if (session) return this.take(session);
      const learning = this.sessions.find((one) => one.learning)?.learning;
      if (!learning) break;
      // oxlint-disable-next-line no-await-in-loop -- looks again once more is known
      await learning.done;
    }
    const session: Pooled = { manager: this.create(), open: 0, heardAt: 0, limit: 1 };
    this.sessions.push(session);
    return this.take(session);
  }

  private take(session: Pooled): Pooled {
    session.open++;
    if (!session.connection) this.learn(session);
    return session;
  }

  private learn(session: Pooled): void {
    if (session.learning) return;
    const { promise, resolve, reject } = withResolvers();
    promise.catch(() => undefined); // nobody may be waiting
    const giveUp = (): void => {
      const silent = new ConnectError(`the peer said nothing for ${this.helloTimeoutMs} ms`, Code.Unavailable);
      session.manager.abort(silent);
      forget(session, silent);
    };
    const timer = outsideRequests(() => setTimeout(giveUp, this.helloTimeoutMs));
    session.learning = { done: promise, resolve, reject, timer };
  }

  private listen(session: Pooled, connection: Http2Session): void {
    if (session.connection === connection) return;
    // What was known is of another connection, perhaps to another peer.
    session.connection = connection;
    session.heardAt = 0;
    session.limit = 1;
    this.learn(session);
    connection.on('remoteSettings', ({ maxConcurrentStreams }) => {
      if (session.connection !== connection) return;
      session.limit = Math.max(1, maxConcurrentStreams ?? Infinity);
      settle(session);
    });
    const lost = (): void => {
      if (session.connection !== connection) return;
      forget(session, new ConnectError('the peer ended the connection before it said hello', Code.Unavailable));
    };
    connection.once('goaway', lost).once('close', lost);
    // The manager stops listening when it is told to abort, but what killed a connection may be told after that; an
    // error that nobody listens to ends the process. The streams fail with the same one, so nothing is lost.
    connection.on('error', () => undefined);
  }

  /** Apart from `request`, whose arguments a listener made there would keep for as long as its stream. */
  private opened(session: Pooled, stream: ClientHttp2Stream): void {
    // A stream that has no session any more lost its connection at once.
    if (stream.session) this.listen(session, stream.session);
    else settle(session, new ConnectError('the connection was lost', Code.Unavailable));
    stream.on('close', () => this.release(session));
  }

  /** Keeps the first session; the others were there for a rush, and end with it. */
  private release(session: Pooled): void {
    session.open--;
    const index = this.sessions.indexOf(session);
    if (session.open === 0 && index > 0) {
      this.sessions.splice(index, 1);
      session.manager.abort();
      settle(session);
    }
  }
}

function hasRoom({ open, limit }: Pooled): boolean {
  return open < limit;
}

/** New streams go on another connection; those who wait for this one fail. */
function forget(session: Pooled, failure: ConnectError): void {
  session.connection = undefined;
  session.limit = 1;
  settle(session, failure);
}

/** Ends the waiting, if there is any: for those who wait, too, where there is a failure. */
function settle(session: Pooled, failure?: unknown): void {
  const { learning } = session;
  if (!learning) return;
  session.learning = undefined;
  clearTimeout(learning.timer);
  if (failure === undefined) learning.resolve();
  else learning.reject(failure);
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
