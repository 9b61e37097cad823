import { getMaxListeners, setMaxListeners } from 'node:events';

/** Until when calls to Flyte are begun, and waited for, on behalf of a request. Nothing is listened to before it is asked. */
export interface RequestLife {
  /** Fires if the client goes away before its answer is complete. */
  readonly signal?: AbortSignal;
  /** Whether the request has been answered, so that nothing may be begun for it any more. */
  readonly isOver: boolean;
  /** Whether the client is gone. */
  readonly hasLeft: boolean;
}

/** What an object of somebody else's may have. */
export type Fields = Record<PropertyKey, unknown>;

export function isObject(value: unknown): value is Fields {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The life of a request that is answered by a writable stream: a response of Node's, a call of grpc-js. */
export function lifeOfStream(answer: Fields, event: 'close' | 'cancelled'): RequestLife {
  return new StreamLife(answer, event);
}

class StreamLife implements RequestLife {
  // Here and not in a WeakMap, each entry of which costs the garbage collector something: this is one per request.
  private gone?: AbortSignal | undefined;

  constructor(
    private readonly answer: Fields,
    private readonly event: 'close' | 'cancelled',
  ) {}

  get signal(): AbortSignal | undefined {
    if (this.gone) return shared(this.gone);
    return (this.gone = newGoneSignal(this.answer, [this.event], (isLate) => this.isAnswered(isLate)));
  }

  get isOver(): boolean {
    // Nest ends the response also of a client that left, of which the signal tells whoever listened to it.
    return this.answer['writableEnded'] === true && this.gone?.aborted !== true;
  }

  get hasLeft(): boolean {
    return hasLeft(this.answer);
  }

  private isAnswered(isLate: boolean): boolean {
    const { writableFinished, writableEnded } = this.answer;
    // grpc-js cancels each call once its status is sent. Asked after the end, nothing tells whether all of it arrived.
    if (this.event === 'cancelled' || isLate) return writableEnded === true;
    // A response also closes after a complete answer. Over HTTP/2 one calls itself finished either way, but ended only if
    // the answer was.
    return writableFinished === true && writableEnded !== false;
  }
}

/** Requests that no stream of their own answers, by their identity: those whose handler is done. */
const handled = new WeakSet<object>();

/**
 * The life of a request that is over when its handler is done.
 *
 * @param identity of the request, for {@link endRequest}
 * @param client what shows by an event that the client left: made for this request alone, or for a connection
 */
export function lifeOfHandler(identity: object, client?: unknown, event: 'close' | 'cancelled' = 'close'): RequestLife {
  return {
    get signal() {
      // grpc-js cancels each call once its status is sent.
      return goneSignal(client, [event], () => client === identity && handled.has(identity));
    },
    get isOver() {
      return handled.has(identity);
    },
    get hasLeft() {
      return hasLeft(client);
    },
  };
}

/**
 * The life of a message over a socket: what it left behind may go on until that closes.
 *
 * @param client of `ws` or of socket.io
 */
export function lifeOfMessage(identity: object, client: object): RequestLife {
  return {
    get signal() {
      return goneSignal(client, ['close', 'disconnect']);
    },
    get isOver() {
      return handled.has(identity) && hasLeft(client);
    },
    get hasLeft() {
      return hasLeft(client);
    },
  };
}

/** Says that the handler of a request is done. */
export function endRequest(identity: object): void {
  handled.add(identity);
}

/** Says that the handler of a request is called: perhaps once more, by an interceptor that tries again. */
export function beginRequest(identity: object): void {
  handled.delete(identity);
}

// A socket lives through many messages: one listener each is enough.
const goneSignals = new WeakMap<object, AbortSignal>();

/** Fires when a client leaves, of whom one object tells through many requests. */
function goneSignal(
  emitter: unknown,
  events: readonly string[],
  isAnswered: (isLate: boolean) => boolean = () => false,
): AbortSignal | undefined {
  if (!isEmitter(emitter)) return undefined;
  const known = goneSignals.get(emitter);
  if (known) return shared(known);
  const signal = newGoneSignal(emitter, events, isAnswered);
  if (signal) goneSignals.set(emitter, signal);
  return signal;
}

/** A signal that more than one call listens to: as many as a request makes at a time, or as there are messages on a socket. */
function shared(signal: AbortSignal): AbortSignal {
  if (getMaxListeners(signal) !== Infinity) setMaxListeners(Infinity, signal);
  return signal;
}

/**
 * Fires when a client leaves.
 *
 * @param emitter tells of it by one of the events
 * @param isAnswered whether such an event came after the answer, and tells nothing; or had come before anybody asked
 */
function newGoneSignal(
  emitter: unknown,
  events: readonly string[],
  isAnswered: (isLate: boolean) => boolean,
): AbortSignal | undefined {
  if (!isEmitter(emitter)) return undefined;
  const controller = new AbortController();
  const gone = (isLate: boolean): void => {
    if (!isAnswered(isLate)) controller.abort(new DOMException('the client disconnected', 'AbortError'));
  };
  // No event comes twice, and `once` wraps each listener in two objects more.
  if (hasLeft(emitter)) gone(true);
  else for (const event of events) emitter.on(event, () => gone(false));
  return controller.signal;
}

function isEmitter(value: unknown): value is Fields & { on(event: string, listener: () => void): unknown } {
  return isObject(value) && typeof value['on'] === 'function';
}

/** Whether a client is gone: responses and sockets of Node, clients of `ws` and of socket.io, calls of grpc-js. */
function hasLeft(emitter: unknown): boolean {
  if (!isObject(emitter)) return false;
  const { destroyed, stream, readyState, disconnected, cancelled } = emitter;
  // An answer over HTTP/2 does not say it, but its stream does.
  if (isObject(stream) && stream['destroyed'] === true) return true;
  return destroyed === true || readyState === 3 || disconnected === true || cancelled === true;
}
