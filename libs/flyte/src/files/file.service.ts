import type { Readable } from 'node:stream';
import type { FlyteDir } from '../literals/dir.js';
import type { FlyteFile } from '../literals/file.js';

/** Bytes to upload: a path of this machine, the bytes themselves, or a stream of them, such as a request's. */
export type FileSource = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/** Options of everything that moves bytes. */
export interface FileOptions {
  /** Ends it. Inside an action it ends with the action too, in an app with the request that it belongs to. */
  readonly signal?: AbortSignal;
}

/** Options of {@link FileService.upload}. */
export interface UploadOptions extends FileOptions {
  /**
   * The last part of the file's URI; a path's own name, or `file`, if not given. What is neither a letter of a to z, a digit,
   * `.`, `_` nor `-` becomes `_`, so that a browser's name for a file will do.
   */
  readonly name?: string;
  /** The {@link FlyteFile}'s format, such as `csv`; empty if not given. */
  readonly format?: string;
  /** How many bytes there may be. No limit if not given: give one where strangers upload. */
  readonly maxBytes?: number;
  /**
   * Makes the file the action's report, of which there is one: what `run.report()` gives an app, and what Flyte's own pages
   * show, where it is HTML. Inside an action only. `flyte.report` in Python.
   */
  readonly report?: boolean;
}

/** Options of {@link FileService.text}. */
export interface TextOptions extends FileOptions {
  /** How many bytes there may be. 1 MiB if not given. */
  readonly maxBytes?: number;
}

/**
 * Moves the content of files: a {@link FlyteFile} that tasks take and give is a reference only. All of it takes the memory
 * of a few chunks, whatever the size. All that it throws of its own are FlyteErrors.
 *
 * Inside an action bytes come from the storage of its URI, with the identity of the pod, and go below the action's own
 * prefix. In an app they move through Flyte alone, as the caller: the app's own cloud identity is never used, so that nobody
 * reaches by the app what they may not reach by themselves. Flyte gives no links to files by their URI, so an app uploads,
 * and reads the reports of runs (`run.report()`); a task opens files.
 */
export abstract class FileService {
  /**
   * Stores a file.
   *
   * @throws FlyteError `out_of_range` above `maxBytes`; `not_found` where nothing is at a path, `invalid_argument` where it is
   * no file, `permission_denied` where it may not be read; `misuse` for a report outside an action, and for a stream that was
   * read already, by a body parser, say; `unavailable` where the store failed, also when asked again. Of an app's streams,
   * which go through the folder for temporary files, `resource_exhausted` where it is full, `failed_precondition` where it
   * can't be written to
   */
  abstract upload(source: FileSource, options?: UploadOptions): Promise<FlyteFile>;
  /**
   * Stores all files below a folder of this machine, links left out.
   *
   * @throws FlyteError `invalid_argument` for a folder without files, or with names that a URI can't hold
   */
  abstract uploadDir(path: string, options?: FileOptions): Promise<FlyteDir>;
  /**
   * The bytes of a file. Destroy the stream where it is not read to its end.
   *
   * @throws FlyteError `not_found`, `permission_denied`; `unimplemented` in an app. What fails later is the stream's error
   */
  abstract open(file: FlyteFile, options?: FileOptions): Promise<Readable>;
  /** Puts a file at a path of this machine, all of it or nothing. Throws as {@link open} does. */
  abstract download(file: FlyteFile, path: string, options?: FileOptions): Promise<void>;
  /**
   * A file's text, as UTF-8. Throws as {@link open} does.
   *
   * @throws FlyteError `out_of_range` above the limit, `invalid_argument` for what is no UTF-8
   */
  abstract text(file: FlyteFile, options?: TextOptions): Promise<string>;
  /** The files of a directory, however deep, in no particular order. Throws as {@link open} does, when it is read. */
  abstract list(dir: FlyteDir): AsyncIterable<FlyteFile>;
  /** Puts all files of a directory below a path of this machine. Throws as {@link open} does. */
  abstract downloadDir(dir: FlyteDir, path: string, options?: FileOptions): Promise<void>;
}
