import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import type { Storage } from './storage.js';

/** Files of this machine, by `file://` or by absolute path. Folders are made as they are needed. */
export const fileStorage: Storage = {
  async read(uri, maxBytes) {
    const path = pathOf(uri);
    try {
      // Opening a pipe that nobody writes to would wait for ever.
      await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const status = await file.stat();
      if (!status.isFile()) throw new FlyteError('invalid_argument', `${path} is no file.`);
      if (status.size > maxBytes) {
        throw new FlyteError('out_of_range', `${path} has ${status.size} bytes, and may have ${maxBytes}.`);
      }
      return Uint8Array.from(await file.readFile());
    } catch (error) {
      throw FlyteError.is(error) ? error : failed(`${path} can't be read`, error);
    }
  },

  async write(uri, bytes) {
    const path = pathOf(uri);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await using file = await open(temporary, 'wx');
      await file.writeFile(bytes);
      await file.sync();
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw failed(`${path} can't be written`, error);
    }
  },
};

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

function failed(what: string, error: unknown): FlyteError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const absent = code === 'ENOENT' || code === 'ENOTDIR';
  return new FlyteError(absent ? 'not_found' : 'unavailable', `${what}: ${absent ? 'there is none' : code}.`);
}
