import type { Readable } from 'node:stream';

/**
 * Bytes under URIs of one scheme: where Flyte keeps what goes into an action and what comes out of it. All that it
 * throws are FlyteErrors:
 *
 * - `not_found`: nothing is there;
 * - `permission_denied`, `unauthenticated`: the store knows the identity and refuses it, or knows none;
 * - `invalid_argument`: the URI names nothing that could be here;
 * - `aborted`: it was written anew while it was read;
 * - `failed_precondition`: the store refuses for another reason, and would again;
 * - `unavailable`: the store failed, also when asked again;
 * - `canceled`: the signal fired.
 */
export interface Storage {
  /**
   * The bytes under a URI.
   *
   * @param maxBytes how many there may be
   * @throws FlyteError `out_of_range` above the limit
   */
  read(uri: string, maxBytes: number): Promise<Uint8Array>;
  /** Puts bytes under a URI, all of them or none: no reader ever sees a part. */
  write(uri: string, bytes: Uint8Array): Promise<void>;
  /**
   * The bytes under a URI as a stream, in constant memory. What fails after it began is the stream's error, a
   * FlyteError too, which ends no process while nobody reads it. Destroy the stream where it is not read to its end.
   */
  open(uri: string, signal?: AbortSignal): Promise<Readable>;
  /**
   * Puts what a source gives under a URI, in constant memory, all of it or nothing.
   *
   * @throws what the source throws, as it is; nothing is kept then
   */
  save(uri: string, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** What lies under a folder, however deep, in no particular order. A folder that is not there is empty. */
  list(folder: string): AsyncIterable<StoredFile>;
}

/** A file that a {@link Storage} has. */
export interface StoredFile {
  readonly uri: string;
  /** In bytes. */
  readonly size: number;
}
