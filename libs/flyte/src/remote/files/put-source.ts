import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FlyteError } from '../../errors/flyte-error.js';
import { systemCodeOf } from '../../errors/system-code.js';
import type { FileSource } from '../../files/file.service.js';
import { checkLength, uploadBytes } from '../../files/upload-bytes.js';
import { openRegularFile } from '../../storage/file-storage.js';
import { endedBy } from '../../storage/streams.js';

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
 * @param maxBytes how many there may be
 * @param signal ends the making ready; what uploads them ends by its own
 * @param use uploads them; they are gone when it ends
 * @throws FlyteError `not_found`, `permission_denied` and `invalid_argument` for a path of no file, `out_of_range` above the
 * limit, `resource_exhausted` where the temporary folder is full, `failed_precondition` where it can't be written to, `canceled`;
 * whatever the stream throws
 */
export async function withPutSource<T>(
  given: FileSource,
  { maxBytes = Infinity, signal }: { readonly maxBytes?: number; readonly signal?: AbortSignal | undefined },
  use: (source: PutSource) => Promise<T>,
): Promise<T> {
  if (given instanceof Uint8Array) {
    checkLength(given.length, maxBytes);
    const md5 = createHash('md5').update(given).digest();
    return use({ bytes: given.length, md5, open: () => Readable.from([given]) });
  }
  try {
    // The open file is what is hashed and sent, whatever its name means by then.
    await using file =
      typeof given === 'string' ? await openRegularFile(given) : await spooled(given, maxBytes, signal);
    const { bytes, md5 } = await digestOf(file, maxBytes, signal);
    return await use({ bytes, md5, open: () => contentOf(file, bytes) });
  } catch (error) {
    if (FlyteError.is(error) || !signal?.aborted) throw error;
    throw new FlyteError('canceled', 'The transfer was cancelled.', { cause: error });
  }
}

/** A stream's bytes in a file without a name. */
async function spooled(
  given: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  const bytes = uploadBytes(given, maxBytes);
  const file = await inTemporaryFolder(namelessFile());
  try {
    for await (const piece of signal ? endedBy(signal, bytes) : bytes) {
      await inTemporaryFolder(writeAll(file, piece));
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Tells what that folder fails with. The stream's own failures are not among it. */
async function inTemporaryFolder<T>(act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
    const [what, advice] = isFull ? ['is full', 'Free some space, or name'] : ["can't be written to", 'Name'];
    throw new FlyteError(
      isFull ? 'resource_exhausted' : 'failed_precondition',
      `The folder for temporary files, ${tmpdir()}, ${what} (${code}): a stream is kept there until it is uploaded. ` +
        `${advice} another folder by the variable TMPDIR.`,
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

async function digestOf(
  file: FileHandle,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Pick<PutSource, 'bytes' | 'md5'>> {
  const hash = createHash('md5');
  let bytes = 0;
  const pieces: AsyncIterable<Uint8Array> = file.createReadStream({ start: 0, autoClose: false });
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    checkLength((bytes += piece.length), maxBytes);
    hash.update(piece);
  }
  return { bytes, md5: hash.digest() };
}

/** The first bytes of a file, as many as were counted: it may have grown since. */
function contentOf(file: FileHandle, bytes: number): Readable {
  return bytes === 0 ? Readable.from([]) : file.createReadStream({ start: 0, end: bytes - 1, autoClose: false });
}
