import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import { fileStorage } from '../storage/file-storage.js';
import { quiet } from '../storage/streams.js';
import type { FileSource } from './file.service.js';

/**
 * The bytes of what is uploaded. A path is opened when the first of them is asked for. Called before anything is waited for:
 * from then on a stream's error is heard.
 *
 * @throws FlyteError `out_of_range` above the limit, `invalid_argument` for what is neither bytes nor text, and for a path of
 * no file, `not_found` for one of nothing, `misuse` for a stream of which somebody has read all; whatever a stream throws
 */
export function uploadBytes(source: FileSource, maxBytes = Infinity): AsyncGenerator<Uint8Array, void> {
  // A stream may fail before its first byte is asked for.
  if (source instanceof EventEmitter) quiet(source);
  // Asked before it is read here. Of what is no stream the answer is no.
  return bytesOf(source, maxBytes, Readable.isDisturbed(source as Readable));
}

async function* bytesOf(source: FileSource, maxBytes: number, wasRead: boolean): AsyncGenerator<Uint8Array, void> {
  let bytes = 0;
  for await (const chunk of await chunksOf(source)) {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (!(piece instanceof Uint8Array)) {
      throw new FlyteError(
        'invalid_argument',
        `The source to upload gave a ${typeof piece}; it may give bytes or text.`,
      );
    }
    checkLength((bytes += piece.length), maxBytes);
    yield piece;
  }
  // Who has read some of it may mean the rest. Who has read all would get an empty file, and never know.
  if (wasRead && bytes === 0) {
    throw new FlyteError(
      'misuse',
      'The stream has been read already, perhaps by a body parser: nothing of it is left to upload. Let the client send ' +
        'application/octet-stream, or turn the parser off for this route.',
    );
  }
}

type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

async function chunksOf(source: FileSource): Promise<Chunks> {
  if (typeof source === 'string') return fileStorage.open(pathToFileURL(source).href);
  return source instanceof Uint8Array ? [source] : source;
}

/** @throws FlyteError `out_of_range` where it is more than may be uploaded */
export function checkLength(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new FlyteError('out_of_range', `The file to upload has more than the ${maxBytes} bytes that are allowed.`);
}
