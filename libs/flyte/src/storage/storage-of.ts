import { FlyteError } from '../errors/flyte-error.js';
import { fileStorage } from './file-storage.js';
import { kept } from './kept.js';
import { objectStorage } from './object-storage.js';
import type { Storage } from './storage.js';

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

type Open = (env: NodeJS.ProcessEnv) => Promise<Storage>;

/** What opens the storage of a scheme. A cloud's own file, and its SDK, is loaded with the first URI of its scheme. */
const SCHEMES = new Map<string, Open>([
  ['file', async () => fileStorage],
  ['s3', async (env) => objectStorage(await (await import('./s3-store.js')).s3Store(env))],
  ['gs', async (env) => objectStorage(await (await import('./gs-store.js')).gsStore(env))],
  ['abfs', abfs],
  ['abfss', abfs],
]);

async function abfs(env: NodeJS.ProcessEnv): Promise<Storage> {
  return objectStorage(await (await import('./abfs-store.js')).abfsStore(env));
}

/** One for each cloud and process: who this process is to a cloud, its variables say, and there is one set of them. */
const storageBy = kept(async (open: Open) => open(process.env));

/**
 * The storage of a URI: `file://…`, an absolute path, `s3://…`, `gs://…`, `abfs://…` or `abfss://…`.
 *
 * @throws FlyteError `unimplemented` for another scheme, `invalid_argument` for what is no URI at all,
 * `failed_precondition` where a cloud's SDK is not installed, `invalid_configuration` for a variable that is wrong
 */
export async function storageOf(uri: string): Promise<Storage> {
  const scheme = uri.startsWith('/') ? 'file' : SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const why = uri.includes('{{') ? 'is a template that nothing filled in' : 'is neither a URI nor an absolute path';
    throw new FlyteError('invalid_argument', `${shown(uri)} ${why}; a valid example: "file:///data/inputs.pb".`);
  }
  const open = SCHEMES.get(scheme);
  if (!open) {
    const supported = [...SCHEMES.keys()].map((each) => `${each}://`).join(', ');
    throw new FlyteError(
      'unimplemented',
      `Storage of the scheme ${JSON.stringify(scheme)} is not supported: ${shown(uri)}. ` +
        `Supported are ${supported} and absolute paths.`,
    );
  }
  return storageBy(open);
}

/** Without what follows a question mark: that may be a signature, and nothing here takes it. */
function shown(uri: string): string {
  return JSON.stringify(uri.replace(/\?.*/s, '?…').replace(/\/\/[^/]*@/, '//…@'));
}

/** The URI of a file in a folder, whether or not the folder's ends in a slash. */
export function joinUri(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
