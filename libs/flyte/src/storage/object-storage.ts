import { Readable } from 'node:stream';
import { FlyteError } from '../errors/flyte-error.js';
import { folderOf, objectOf } from './object-place.js';
import type { ObjectPlace, ObjectStore } from './object-store.js';
import type { Storage } from './storage.js';
import { storeFailure } from './store-failure.js';
import { type Explain, type Part, quiet, resumed, saveFrom } from './streams.js';

/**
 * Storage in a cloud: what is the same for all of them.
 *
 * @param idleMs how long a store may send nothing of an object, in milliseconds, before it is asked anew
 */
export function objectStorage(store: ObjectStore, idleMs = 60_000): Storage {
  const explainer =
    (uri: string, verb: string, place: ObjectPlace, signal?: AbortSignal): Explain =>
    async (error) => {
      if (FlyteError.is(error)) return error;
      const what = `${JSON.stringify(uri)} can't be ${verb}`;
      if (signal?.aborted) return new FlyteError('canceled', `${what}: canceled.`);
      const identity = await store.identity(place).catch(() => 'nobody: no credentials were found');
      return storeFailure(what, store.problemOf(error), place, identity);
    };

  async function openObject(uri: string, signal?: AbortSignal): Promise<Part & { readonly size: number }> {
    const place = objectOf(uri);
    const explain = explainer(uri, 'read', place, signal);
    try {
      signal?.throwIfAborted();
      const { version, ...content } = await store.get(place, undefined, signal);
      const again = async (offset: number): Promise<Part> => store.get(place, { offset, version }, signal);
      return { body: resumed(content, again, explain, { idleMs, signal }), size: content.size };
    } catch (error) {
      throw await explain(error);
    }
  }

  return {
    async read(uri, maxBytes) {
      const { body, size } = await openObject(uri);
      if (size > maxBytes) {
        body.destroy();
        throw new FlyteError('out_of_range', `${JSON.stringify(uri)} has ${size} bytes, and may have ${maxBytes}.`);
      }
      return Uint8Array.from(Buffer.concat(await body.toArray()));
    },

    open: async (uri, signal) => (await openObject(uri, signal)).body,

    async write(uri, bytes) {
      const place = objectOf(uri);
      try {
        await store.put(place, bytes);
      } catch (error) {
        throw await explainer(uri, 'written', place)(error);
      }
    },

    async save(uri, source, signal) {
      const place = objectOf(uri);
      const put = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
        const body = quiet(Readable.from(bytes, { objectMode: false }));
        try {
          await store.upload(place, body);
        } finally {
          // Where the store failed, the source ends, too.
          body.destroy();
        }
      };
      await saveFrom(source, put, explainer(uri, 'written', place, signal), signal);
    },

    async *list(folder) {
      const place = folderOf(folder);
      const scheme = folder.slice(0, folder.indexOf('//') + 2);
      try {
        for await (const { key, size } of store.list(place)) {
          // What stands for a folder is no file.
          if (!key.endsWith('/')) yield { uri: `${scheme}${place.bucket}/${key}`, size };
        }
      } catch (error) {
        throw await explainer(folder, 'listed', place)(error);
      }
    },
  };
}
