import type { Readable } from 'node:stream';

/** Where an object lies. */
export interface ObjectPlace {
  /** What stands between `scheme://` and the first slash. */
  readonly bucket: string;
  /** All that follows that slash, as it is: a `%20` in a URI is three characters of the key, as for the Python SDK. */
  readonly key: string;
}

/** The content of an object, as it begins to arrive. */
export interface ObjectContent {
  readonly body: Readable;
  /** Of the whole object, in bytes. */
  readonly size: number;
  /** Differs once the object is written anew. */
  readonly version: string;
}

/** What is known of a failure, without a word of what the cloud or its SDK said: that may hold credentials. */
export interface StoreProblem {
  /** The status of HTTP; undefined where there was no answer. */
  readonly status?: number | undefined;
  /** The cloud's name for it, such as `NoSuchKey`, or the system's, such as `ECONNREFUSED`. */
  readonly code?: string | undefined;
  /** Nothing on this machine says who asks: what to do. */
  readonly advice?: string | undefined;
}

/**
 * What one cloud does, by its own SDK, which asks again where that may help. It throws what the SDK throws, and says by
 * `problemOf` what that means.
 */
export interface ObjectStore {
  /** @param from the first byte that is asked for, and of which version; if not given, all of the newest */
  get(
    place: ObjectPlace,
    from?: { readonly offset: number; readonly version: string },
    signal?: AbortSignal,
  ): Promise<ObjectContent>;
  /** Stores an object at once. */
  put(place: ObjectPlace, bytes: Uint8Array): Promise<unknown>;
  /** Stores an object in parts of {@link PART_BYTES}. Where the source fails, no object is there. */
  upload(place: ObjectPlace, source: Readable): Promise<unknown>;
  /** The objects whose keys begin with the place's. */
  list(place: ObjectPlace): AsyncIterable<{ readonly key: string; readonly size: number }>;
  problemOf(error: unknown): StoreProblem;
  /** Who asks whom, such as `the access key AKIA… from FLYTE_AWS_ACCESS_KEY_ID`. Never a secret. */
  identity(place: ObjectPlace): Promise<string>;
}

/** The parts in which large objects are stored, in bytes. */
export const PART_BYTES = 16 * 1024 * 1024;

/** How many parts of one object are sent at the same time. */
export const PARTS_AT_ONCE = 4;
