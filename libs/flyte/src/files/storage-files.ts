import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { FlyteDir } from '../literals/dir.js';
import { FlyteFile } from '../literals/file.js';
import { joinUri, storageOf } from '../storage/storage-of.js';
import { fileName, filesBelow, pathBelow } from './file-names.js';
import type { FileService } from './file.service.js';
import { saveTo, textOf, withEach } from './move-bytes.js';
import { uploadBytes } from './upload-bytes.js';

/** Where an action may leave files. */
export interface ActionPlaces {
  /** The folder for what outputs point to, as a URI. */
  readonly rawDataPath: string;
  /** The folder of `outputs.pb`, as a URI. */
  readonly outputsPath: string;
  /** Fires when the action is to end. */
  readonly signal: AbortSignal;
}

/** Where Flyte looks for an action's report. */
const REPORT = 'report.html';

/**
 * Files by the storage of their URI, with the identity of this process: for actions.
 *
 * @param placesOf the running action; throws where there is none
 */
export function createStorageFiles(placesOf: () => ActionPlaces): FileService {
  const until = (signal: AbortSignal | undefined): AbortSignal => {
    const ends = placesOf().signal;
    return signal ? AbortSignal.any([ends, signal]) : ends;
  };
  const newFolder = (): string => joinUri(placesOf().rawDataPath, randomUUID());
  const files: FileService = {
    async upload(source, { name, format, maxBytes = Infinity, report = false, signal } = {}) {
      const bytes = uploadBytes(source, maxBytes);
      const ends = until(signal);
      const place = report ? [placesOf().outputsPath, REPORT] : [newFolder(), fileName(name, source)];
      const uri = place.reduce(joinUri);
      await (await storageOf(uri)).save(uri, bytes, ends);
      return new FlyteFile({ uri, format });
    },
    async uploadDir(path, { signal } = {}) {
      const dir = new FlyteDir({ uri: joinUri(newFolder(), fileName(basename(resolve(path)), undefined)) });
      const storage = await storageOf(dir.uri);
      await withEach(await filesBelow(path), until(signal), async (file, ends) => {
        await storage.save(joinUri(dir.uri, file.name), uploadBytes(file.path), ends);
      });
      return dir;
    },
    async open(file, { signal } = {}) {
      const ends = until(signal);
      return (await storageOf(file.uri)).open(file.uri, ends);
    },
    async download(file, path, options) {
      await saveTo(path, await files.open(file, options));
    },
    async text(file, { maxBytes, ...options } = {}) {
      return textOf(await files.open(file, options), file.uri, maxBytes);
    },
    async *list({ uri }) {
      for await (const file of (await storageOf(uri)).list(uri)) yield new FlyteFile({ uri: file.uri });
    },
    async downloadDir(dir, path, { signal } = {}) {
      await withEach(files.list(dir), until(signal), async (file, ends) => {
        await files.download(file, pathBelow(path, dir.uri, file.uri), { signal: ends });
      });
    },
  };
  return files;
}
