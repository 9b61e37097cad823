import { addAbortSignal, finished, PassThrough, Readable } from 'node:stream';
import { FlyteError } from '../errors/flyte-error.js';

/** Makes what a caller gets of what a store threw. */
export type Explain = (error: unknown) => FlyteError;

/** A stream with another one's bytes, whose error is made of the other's. Destroying it destroys the other. */
export function explained(source: Readable, explain: Explain): Readable {
  const result = new PassThrough();
  finished(source, { writable: false }, (error) => {
    if (error) result.destroy(explain(error));
  });
  result.once('close', () => source.destroy());
  return source.pipe(result);
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
  // A source that never gives another byte must not keep a save that is over from ending.
  const read = signal ? endedBy(signal, source) : source;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of read) {
        if (!(chunk instanceof Uint8Array)) {
          throw new FlyteError('invalid_argument', `A source of bytes gave a value of type ${typeof chunk}.`);
        }
        yield chunk;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    signal?.throwIfAborted();
    await put(watched());
  } catch (error) {
    throw failure && !signal?.aborted ? failure.error : explain(error);
  }
}

function endedBy(signal: AbortSignal, source: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const stream = Readable.from(source);
  // Who reads it is told; while nobody does yet, an error must not end the process.
  stream.on('error', () => undefined);
  return addAbortSignal(signal, stream);
}
