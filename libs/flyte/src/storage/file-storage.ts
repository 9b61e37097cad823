import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import type { Storage } from './storage.js';
import { explained, saveFrom } from './streams.js';

/** Files of this machine, by `file://` or by absolute path. Folders are made as they are needed. */
export const fileStorage: Storage = {
  async read(uri, maxBytes) {
    const path = pathOf(uri);
    try {
      await using file = await openFile(path);
      const { size } = await file.stat();
      if (size > maxBytes) throw new FlyteError('out_of_range', `${path} has ${size} bytes, and may have ${maxBytes}.`);
      return Uint8Array.from(await file.readFile());
    } catch (error) {
      throw failed(`${path} can't be read`, error);
    }
  },

  async open(uri, signal) {
    const path = pathOf(uri);
    const explain = (error: unknown): FlyteError => failed(`${path} can't be read`, error, signal);
    try {
      signal?.throwIfAborted();
      const file = await openFile(path);
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
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((each) => each.isFile())) {
        const file = join(entry.parentPath, entry.name);
        const { size } = await stat(file);
        yield { uri: uriOf(file), size };
      }
    } catch (error) {
      const problem = failed(`${path} can't be listed`, error);
      if (problem.code !== 'not_found') throw problem;
    }
  },
};

async function openFile(path: string): Promise<FileHandle> {
  // Opening a pipe that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const isFile = await file.stat().then(
    (status) => status.isFile(),
    () => false,
  );
  if (isFile) return file;
  await file.close();
  throw new FlyteError('invalid_argument', `${path} is no file.`);
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
  if (uri.includes('\0')) throw new FlyteError('invalid_argument', `${JSON.stringify(uri)} holds a NUL character.`);
  if (uri.startsWith('/')) return uri;
  try {
    return fileURLToPath(uri);
  } catch {
    throw new FlyteError(
      'invalid_argument',
      `${JSON.stringify(uri)} names no file of this machine; a valid example: "file:///data/inputs.pb".`,
    );
  }
}

function failed(what: string, error: unknown, signal?: AbortSignal): FlyteError {
  if (FlyteError.is(error)) return error;
  if (signal?.aborted) return new FlyteError('canceled', `${what}: canceled.`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const absent = code === 'ENOENT' || code === 'ENOTDIR';
  return new FlyteError(absent ? 'not_found' : 'unavailable', `${what}: ${absent ? 'there is none' : code}.`);
}
