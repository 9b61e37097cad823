import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FlyteError } from '../errors/flyte-error.js';
import type { FileSource } from '../files/file.service.js';

/** Bytes whose number and digest are known, and that can be read as often as it takes to upload them. */
export interface PutSource {
  /** How many there are. */
  readonly bytes: number;
  /** Their MD5, by which a store notices what was lost on the way; it protects from nothing else. */
  readonly md5: Uint8Array;
  /** Reads them from the beginning. */
  open(): Readable;
}

/**
 * Makes bytes ready to be uploaded. Their digest must be known before the first is sent: a path is read twice, and a
 * stream goes into a temporary file that has no name any more when the first byte arrives, so that nothing is left of it
 * however this process ends. Takes the memory of a chunk, whatever the size.
 *
 * @param use uploads them; they are gone when it ends
 * @param maxBytes how many there may be
 * @throws FlyteError `not_found` and `invalid_argument` for a path of no file, `out_of_range` above the limit,
 * `resource_exhausted` where the temporary folder is full; whatever the stream throws
 */
export async function withPutSource<T>(
  given: FileSource,
  maxBytes: number,
  use: (source: PutSource) => Promise<T>,
): Promise<T> {
  if (given instanceof Uint8Array) {
    checkLimit(given.length, maxBytes);
    const md5 = createHash('md5').update(given).digest();
    return use({ bytes: given.length, md5, open: () => Readable.from([given]) });
  }
  // The open file is what is hashed and sent, whatever its name means by then.
  await using file = typeof given === 'string' ? await openFile(given) : await spooled(given, maxBytes);
  const { bytes, md5 } = await digestOf(file, maxBytes);
  return await use({ bytes, md5, open: () => contentOf(file, bytes) });
}

/** Opens a file to read. */
async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const code = codeOf(error);
    const absent = code === 'ENOENT' || code === 'ENOTDIR';
    throw new FlyteError(
      absent ? 'not_found' : 'invalid_argument',
      `The file ${JSON.stringify(path)} to upload ${absent ? 'is not there' : `can't be read (${code})`}.`,
    );
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new FlyteError('invalid_argument', `${JSON.stringify(path)} is no file, and can't be uploaded as one.`);
}

/** A stream's bytes in a file without a name. */
async function spooled(chunks: AsyncIterable<Uint8Array | string>, maxBytes: number): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await namelessFile();
    let bytes = 0;
    for await (const chunk of chunks) {
      const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      checkLimit((bytes += piece.length), maxBytes);
      await writeAll(file, piece);
    }
    return file;
  } catch (error) {
    await file?.close();
    if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error))) throw error;
    throw new FlyteError(
      'resource_exhausted',
      `The folder for temporary files, ${tmpdir()}, is full (${codeOf(error)}): a stream is kept there until it is uploaded. ` +
        'Free some space, or name another folder by the variable TMPDIR.',
      { fault: 'operator' },
    );
  }
}

async function namelessFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-flyte-upload-'));
  try {
    return await open(join(folder, 'content'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length;) {
    // oxlint-disable-next-line no-await-in-loop -- a disk may take less than it is given
    at += (await file.write(piece, at)).bytesWritten;
  }
}

async function digestOf(file: FileHandle, maxBytes: number): Promise<Pick<PutSource, 'bytes' | 'md5'>> {
  const hash = createHash('md5');
  let bytes = 0;
  const pieces: AsyncIterable<Uint8Array> = file.createReadStream({ start: 0, autoClose: false });
  for await (const piece of pieces) {
    checkLimit((bytes += piece.length), maxBytes);
    hash.update(piece);
  }
  return { bytes, md5: hash.digest() };
}

/** The first bytes of a file, as many as were counted: it may have grown since. */
function contentOf(file: FileHandle, bytes: number): Readable {
  return bytes === 0 ? Readable.from([]) : file.createReadStream({ start: 0, end: bytes - 1, autoClose: false });
}

function checkLimit(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new FlyteError('out_of_range', `The file to upload has more than the ${maxBytes} bytes that are allowed.`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
