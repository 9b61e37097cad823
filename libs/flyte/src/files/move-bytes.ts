import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import { fileStorage } from '../storage/file-storage.js';
import { quiet } from '../storage/streams.js';

/** How many files of a directory move at a time. */
const AT_A_TIME = 4;
const MAX_TEXT_BYTES = 1024 * 1024;

/** Does something with each of several, a few at a time; the first failure ends what runs. */
export async function withEach<T>(
  all: Iterable<T> | AsyncIterable<T>,
  given: AbortSignal | undefined,
  act: (one: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = given ? AbortSignal.any([given, failed.signal]) : failed.signal;
  const queue = Symbol.asyncIterator in all ? all[Symbol.asyncIterator]() : all[Symbol.iterator]();
  const work = async (): Promise<void> => {
    // oxlint-disable no-await-in-loop -- one after the other, in each of a few lanes
    for (let next = await queue.next(); next.done !== true && !signal.aborted; next = await queue.next()) {
      await act(next.value, signal);
    }
    // oxlint-enable no-await-in-loop
  };
  const lanes = Array.from({ length: AT_A_TIME }, async () => {
    try {
      await work();
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(lanes);
  failed.signal.throwIfAborted();
  if (given?.aborted) throw new FlyteError('canceled', 'The transfer was cancelled.');
}

/** Puts a stream's bytes at a path, all of them or nothing. */
export async function saveTo(path: string, content: Readable): Promise<void> {
  try {
    await fileStorage.save(pathToFileURL(path).href, quiet(content));
  } finally {
    content.destroy();
  }
}

/**
 * A stream's bytes as text.
 *
 * @param what is read, for messages
 */
export async function textOf(content: Readable, what: string, maxBytes = MAX_TEXT_BYTES): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const pieces: AsyncIterable<Uint8Array> = content;
  for await (const piece of pieces) {
    bytes += piece.length;
    // Leaving the loop destroys the stream.
    if (bytes > maxBytes) {
      throw new FlyteError('out_of_range', `${what} has more than the ${maxBytes} bytes that may be read as text.`);
    }
    chunks.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new FlyteError('invalid_argument', `${what} is no text in UTF-8.`);
  }
}
