import type { ActionScope } from '../action/action-scope.js';
import { FlyteError } from '../errors/flyte-error.js';
import { At } from '../literals/at.js';
import { anything, packMessage, unpackMessage } from '../literals/msgpack.js';
import { refuseDates } from '../literals/plain-value.js';
import { joinUri, storageOf } from '../storage/storage-of.js';

/** What an attempt leaves for the one after it. */
export interface Checkpoint {
  /**
   * What was written last, by this attempt or an earlier one: bytes as bytes, values as they were; undefined where none was.
   *
   * @throws FlyteError `data_loss` for what is no checkpoint of this library
   */
  read<T = unknown>(): Promise<T | undefined>;
  /**
   * Leaves bytes, or a value that JSON could hold, in place of what was written before. 64 MiB at most.
   *
   * @throws FlyteError `invalid_argument` for a value that would come back as something else, such as a Date; `out_of_range` above
   * 64 MiB; `unavailable` where it could not be stored
   */
  write(content: unknown): Promise<void>;
}

const FILE = 'checkpoint';
/** 64 MiB: what a checkpoint may have. */
const MOST_BYTES = 64 * 1024 * 1024;
/** An attempt's own folder, in every place where Flyte has one: its number, and a folder of a name. */
const OF_ATTEMPT = /\/(\d+)\/([^/]+)\/?$/;

/** The checkpoint of an action. */
export function checkpointOf({
  checkpointPath,
  prevCheckpoint,
  attempt,
}: Pick<ActionScope, 'checkpointPath' | 'prevCheckpoint' | 'attempt'>): Checkpoint {
  const at = new At('checkpoint');
  return {
    async read<T>() {
      for (const folder of places(checkpointPath, prevCheckpoint, attempt)) {
        // oxlint-disable-next-line no-await-in-loop -- the newest first
        const bytes = await ifThere(joinUri(folder, FILE));
        if (bytes) return unpacked(bytes, at) as T;
      }
      return undefined;
    },
    async write(content) {
      if (checkpointPath === '')
        throw new FlyteError('failed_precondition', 'Flyte gave this action no place for checkpoints.');
      refuseDates(content, at);
      const packed = packMessage(content instanceof Uint8Array ? content : anything.pack(content, at), at);
      // No later attempt could read it.
      if (packed.length > MOST_BYTES) {
        throw new FlyteError(
          'out_of_range',
          `The checkpoint has ${packed.length} bytes, and may have ${MOST_BYTES} (64 MiB). Keep what is large in the storage by ` +
            'FileService, and write its URI.',
        );
      }
      const uri = joinUri(checkpointPath, FILE);
      await (await storageOf(uri)).write(uri, packed);
    },
  };
}

/**
 * Where a checkpoint may be, the newest first. Flyte names the place of the attempt before alone, which may have ended before it wrote one; the
 * places of those before it differ by their number.
 */
function places(own: string, before: string | undefined, attempt: number): string[] {
  const found = [own, before].filter((place): place is string => place !== undefined && place !== '');
  const earlier = before ?? own;
  for (let number = attempt - 2; number > 0 && OF_ATTEMPT.test(earlier); number -= 1) {
    found.push(earlier.replace(OF_ATTEMPT, `/${number}/$2`));
  }
  return found;
}

async function ifThere(uri: string): Promise<Uint8Array | undefined> {
  try {
    return await (await storageOf(uri)).read(uri, MOST_BYTES);
  } catch (error) {
    if (FlyteError.is(error) && error.code === 'not_found') return undefined;
    throw error;
  }
}

function unpacked(bytes: Uint8Array, at: At): unknown {
  try {
    return anything.unpack(unpackMessage(bytes, at), at);
  } catch {
    throw new FlyteError(
      'data_loss',
      'The checkpoint of an earlier attempt is damaged, or was not written by this library.',
    );
  }
}
