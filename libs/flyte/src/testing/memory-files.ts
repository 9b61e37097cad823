import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { FlyteError } from '../errors/flyte-error.js';
import { fileName, filesBelow, pathBelow } from '../files/file-names.js';
import type { FileService } from '../files/file.service.js';
import { saveTo, textOf } from '../files/move-bytes.js';
import { uploadBytes } from '../files/upload-bytes.js';
import { FlyteDir } from '../literals/dir.js';
import { FlyteFile } from '../literals/file.js';

/**
 * Files in memory: for tests. What is uploaded can be opened again, in an app's test too, where Flyte gives no links.
 *
 * @param given what is there from the start, by URI
 */
export function createMemoryFiles(given: Readonly<Record<string, string | Uint8Array>> = {}): FileService {
  const contents = new Map<string, Buffer>(Object.entries(given).map(([uri, content]) => [uri, Buffer.from(content)]));
  let uploads = 0;
  const newFolder = (): string => `memory://files/${(uploads += 1)}`;
  const files: FileService = {
    async upload(source, { name, format, maxBytes = Infinity } = {}) {
      const content = await buffer(uploadBytes(source, maxBytes));
      const uri = `${newFolder()}/${fileName(name, source)}`;
      contents.set(uri, content);
      return new FlyteFile({ uri, format });
    },
    async uploadDir(path) {
      const uri = newFolder();
      for (const file of await filesBelow(path)) {
        // oxlint-disable-next-line no-await-in-loop -- small files, of a test
        contents.set(`${uri}/${file.name}`, await buffer(uploadBytes(file.path)));
      }
      return new FlyteDir({ uri });
    },
    async open({ uri }) {
      const content = contents.get(uri);
      if (content) return Readable.from(content.length === 0 ? [] : [content]);
      throw new FlyteError('not_found', `There is no file ${JSON.stringify(uri)} in this test.`);
    },
    async download(file, path) {
      await saveTo(path, await files.open(file));
    },
    async text(file, { maxBytes } = {}) {
      return textOf(await files.open(file), file.uri, maxBytes);
    },
    async *list({ uri }) {
      const below = [...contents.keys()].filter((one) => one.startsWith(`${uri.replace(/\/+$/, '')}/`));
      for (const one of below) yield new FlyteFile({ uri: one });
    },
    async downloadDir(dir, path) {
      for await (const file of files.list(dir)) await files.download(file, pathBelow(path, dir.uri, file.uri));
    },
  };
  return files;
}
