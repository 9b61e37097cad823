import { randomUUID } from 'node:crypto';
import type { Client } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import type { FileOptions, FileService } from '../../files/file.service.js';
import { fileName, filesBelow } from '../../files/file-names.js';
import { withEach } from '../../files/move-bytes.js';
import type { DataProxyService } from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import { FlyteDir } from '../../literals/dir.js';
import { FlyteFile } from '../../literals/file.js';
import { currentAuthScope } from '../../auth/auth-scope.js';
import { withPutSource } from './put-source.js';
import { projectIdOf, type ProjectId, type PartialProjectId } from '../options/project-id.js';
import type { TransferOptions } from './signed-put.js';
import { uploadAsCaller } from './upload.js';

/**
 * Files through Flyte's data proxy, as the caller: for apps. No storage is opened here, whatever a URI says.
 */
export function createCallerFiles(
  data: Client<typeof DataProxyService>,
  defaults: PartialProjectId,
  transfer: TransferOptions,
): FileService {
  const projectFor = (method: string): ProjectId => projectIdOf(`FileService.${method}`, defaults);
  const call = ({ signal }: FileOptions): { signal?: AbortSignal } => {
    const signals = [signal, currentAuthScope()?.life?.signal].filter((one) => one !== undefined);
    return signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
  };
  return {
    async upload(source, { name, format, maxBytes = Infinity, report = false, ...options } = {}) {
      if (report) {
        throw new FlyteError('misuse', 'FileService.upload: a report belongs to an action, and none runs here.');
      }
      const place = { ...projectFor('upload'), filename: fileName(name, source) };
      const ends = call(options);
      const uri = await withPutSource(source, { maxBytes, ...ends }, (ready) =>
        uploadAsCaller(data, place, ready, ends, transfer),
      );
      return new FlyteFile({ uri, format });
    },
    async uploadDir(path, options = {}) {
      const place = { ...projectFor('uploadDir'), filenameRoot: randomUUID() };
      const files = await filesBelow(path);
      const uris = new Set<string>();
      await withEach(files, call(options).signal, async ({ path: from, name: filename }, signal) => {
        const uri = await withPutSource(from, { signal }, (ready) =>
          uploadAsCaller(data, { ...place, filename }, ready, { signal }, transfer),
        );
        uris.add(uri.endsWith(`/${filename}`) ? uri.slice(0, -filename.length - 1) : '');
      });
      const [uri = ''] = uris;
      if (uris.size === 1 && uri !== '') return new FlyteDir({ uri });
      throw new FlyteError('internal', 'Flyte put the files of one directory into several.');
    },
    open: refuse,
    download: refuse,
    text: refuse,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
    downloadDir: refuse,
  };
}

async function refuse(): Promise<never> {
  throw new FlyteError(
    'unimplemented',
    'An app cannot read a file by its URI: Flyte gives no links to those, and the app reads nothing in its own name. Open the ' +
      'file in a task, and give the app what it needs of it by the outputs, or by the report, which run.report() reads.',
  );
}
