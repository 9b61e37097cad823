import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';
import type { Storage } from './storage.js';
import { explained, saveFrom } from './streams.js';

/** Files of this machine, by `file://` or by absolute path. Folders are made as they are needed. */
export const fileStorage: Storage = {
  async read(uri, maxBytes) {
    const path = pathOf(uri);
    try {
      await using file = await openRegularFile(path);
      const { size } = await file.stat();
      if (size > maxBytes) throw new FlyteError('out_of_range', `${path} has ${size} bytes, and may have ${maxBytes}.`);
      return Uint8Array.from(await file.readFile());
    } catch (error) {
      throw unreadable(path, error);
    }
  },

  async open(uri, signal) {
    const path = pathOf(uri);
    const explain = (error: unknown): FlyteError => unreadable(path, error, signal);
    try {
      signal?.throwIfAborted();
      const file = await openRegularFile(path);
      return explained(file.createReadStream({ signal }), explain);
    } catch (error) {
      throw explain(error);
    }
  },

  async write(uri, bytes) {
    const path = pathOf(uri);
    try {
      await replace(path, bytes);
    } catch (error) {
      throw failed(`${path} can't be written`, error);
    }
  },

  async save(uri, source, signal) {
    const path = pathOf(uri);
    const explain = (error: unknown): FlyteError => failed(`${path} can't be written`, error, signal);
    await saveFrom(source, (bytes) => replace(path, bytes, signal), explain, signal);
  },

  async *list(folder) {
    const path = pathOf(folder);
    const uriOf = folder.startsWith('/') ? (file: string) => file : (file: string) => pathToFileURL(file).href;
    try {
      for await (const { path: file, size } of filesIn(path)) yield { uri: uriOf(file), size };
    } catch (error) {
      if (systemCodeOf(error) === 'ENOTDIR') {
        throw new FlyteError('invalid_argument', `${path} can't be listed: it is no folder, or lies below a file.`);
      }
      throw failed(`${path} can't be listed`, error);
    }
  },
};

/** What is in a folder and goes away meanwhile is left out, as if it had gone before. */
async function* filesIn(folder: string): AsyncGenerator<{ readonly path: string; readonly size: number }> {
  for (const entry of (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    // oxlint-disable-next-line no-await-in-loop -- as they are asked for
    const status = entry.isFile() ? await unlessGone(stat(path)) : undefined;
    if (status) yield { path, size: status.size };
  }
}

async function unlessGone<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Opens a file to read; what is no file, such as a folder or a pipe, is not opened.
 *
 * @throws FlyteError `not_found`, `permission_denied`, `invalid_argument` for what is no file
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw NO_FILE.has(systemCodeOf(error) ?? '') ? noFile(path) : unreadable(path, error);
  }
  const isFile = await file.stat().then(
    (status) => status.isFile(),
    () => false,
  );
  if (isFile) return file;
  await file.close();
  throw noFile(path);
}

/** What opening a socket fails with, and a path with a NUL character. */
const NO_FILE: ReadonlySet<string> = new Set(['ENXIO', 'ERR_INVALID_ARG_VALUE']);

function noFile(path: string): FlyteError {
  return new FlyteError('invalid_argument', `${JSON.stringify(path)} is no file.`);
}

/** Puts a new file in the place of what is there. */
async function replace(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await using file = await open(temporary, 'wx');
    await writeFile(file, content, { signal });
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function pathOf(uri: string): string {
  const path = uri.startsWith('/') ? uri : pathOfUrl(uri);
  if (path.includes('\0')) throw new FlyteError('invalid_argument', `${JSON.stringify(path)} holds a NUL character.`);
  return path;
}

function pathOfUrl(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw new FlyteError(
      'invalid_argument',
      `${JSON.stringify(uri)} names no file of this machine; a valid example: "file:///data/inputs.pb".`,
    );
  }
}

function unreadable(path: string, error: unknown, signal?: AbortSignal): FlyteError {
  const isAbsent = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '') && !signal?.aborted;
  const what = `${path} can't be read`;
  return isAbsent ? new FlyteError('not_found', `${what}: there is none.`) : failed(what, error, signal);
}

function failed(what: string, error: unknown, signal?: AbortSignal): FlyteError {
  if (FlyteError.is(error)) return error;
  if (signal?.aborted) return new FlyteError('canceled', `${what}: canceled.`);
  const code = systemCodeOf(error) ?? 'unknown';
  const isRefused = code === 'EACCES' || code === 'EPERM';
  return new FlyteError(isRefused ? 'permission_denied' : 'unavailable', `${what}: ${code}.`);
}
