import type { EventEmitter } from 'node:events';
import { finished, PassThrough, Readable } from 'node:stream';
import { FlyteError } from '../errors/flyte-error.js';

/** Makes what a caller gets of what a store threw. */
export type Explain = (error: unknown) => FlyteError | Promise<FlyteError>;

/** While nobody reads a stream its error must not end the process; who reads it later gets it all the same. */
export function quiet<S extends EventEmitter>(stream: S): S {
  return stream.on('error', () => undefined);
}

/** A quiet stream with another one's bytes, whose error is made of the other's. Destroying it destroys the other. */
export function explained(source: Readable, explain: (error: unknown) => FlyteError): Readable {
  const result = new PassThrough();
  finished(source, { writable: false }, (error) => {
    if (error) result.destroy(explain(error));
  });
  result.once('close', () => source.destroy());
  source.pipe(result);
  return quiet(result);
}

/** The rest of an object, as it arrives. */
export interface Part {
  readonly body: Readable;
}

/**
 * The bytes of an object in one quiet stream, also where the connection breaks meanwhile: what is missing is asked for anew,
 * as long as each answer brings some more.
 *
 * @param again asks for the object from a byte on
 * @param options.idleMs how long no byte may come, before the connection counts as broken
 */
export function resumed(
  object: Part & { readonly size: number },
  again: (offset: number) => Promise<Part>,
  explain: Explain,
  { idleMs, signal }: { readonly idleMs: number; readonly signal?: AbortSignal | undefined },
): Readable {
  let { body } = object;
  // Google's SDK tells nobody that a connection broke.
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => body.destroy(new Error(`No byte came for ${idleMs} ms.`)), idleMs);
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let offset = 0; ;) {
      const begun = offset;
      let timer = watch();
      try {
        const arriving: AsyncIterable<Uint8Array> = body;
        for await (const chunk of arriving) {
          offset += chunk.length;
          // Whoever reads may take their time.
          clearTimeout(timer);
          yield chunk;
          timer = watch();
        }
        if (offset >= object.size) return;
        throw new Error('It ended early.');
      } catch (error) {
        const problem = await explain(error);
        if (problem.code !== 'unavailable' || offset === begun || offset >= object.size) throw problem;
      } finally {
        clearTimeout(timer);
      }
      if (stream.destroyed) return;
      body = quiet((await again(offset).catch(async (error) => Promise.reject(await explain(error)))).body);
    }
  }
  quiet(body);
  const stream = quiet(Readable.from(chunks(), { objectMode: false }));
  const stop = (): void => {
    void Promise.resolve(explain(signal?.reason)).then((problem) => stream.destroy(problem));
  };
  signal?.addEventListener('abort', stop, { once: true });
  // Not every SDK looks at the signal.
  if (signal?.aborted) stop();
  stream.once('close', () => {
    signal?.removeEventListener('abort', stop);
    body.destroy();
  });
  return stream;
}

/**
 * Hands a source to a store, and tells the source's own failure, which is thrown as it is, from that of the store.
 *
 * @param put stores what it is given, or nothing
 */
export async function saveFrom(
  source: AsyncIterable<Uint8Array>,
  put: (source: AsyncIterable<Uint8Array>) => Promise<unknown>,
  explain: Explain,
  signal?: AbortSignal,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    let isWithStore = false;
    try {
      for await (const chunk of signal ? endedBy(signal, source) : source) {
        if (!(chunk instanceof Uint8Array)) {
          throw new FlyteError('invalid_argument', `A source of bytes gave a value of type ${typeof chunk}.`);
        }
        isWithStore = true;
        yield chunk;
        isWithStore = false;
      }
    } catch (error) {
      // A store that fails throws its own error in here, to end the source.
      if (!isWithStore) failure = { error };
      throw error;
    }
  }
  try {
    signal?.throwIfAborted();
    await put(watched());
  } catch (error) {
    throw failure && !signal?.aborted ? failure.error : await explain(error);
  }
}

/** What a source gives until a signal fires, also where it would never give anything more. */
export async function* endedBy<T>(signal: AbortSignal, source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        const stop = (): void => reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        const next = iterator.next().finally(() => signal.removeEventListener('abort', stop));
        next.then(resolve, reject);
        if (signal.aborted) stop();
      });
      if (step.done) return;
      yield step.value;
    }
  } finally {
    // Not waited for: a source that gives nothing more may not end either.
    void iterator.return?.().catch(() => undefined);
  }
}
