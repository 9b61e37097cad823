import { FlyteError } from '../errors/flyte-error.js';
import { fileStorage } from './file-storage.js';
import type { Storage } from './storage.js';

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * The storage of a URI: `file://…`, or an absolute path.
 *
 * @throws FlyteError `unimplemented` for another scheme, `invalid_argument` for what is no URI at all
 */
export async function storageOf(uri: string): Promise<Storage> {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'file' || (scheme === undefined && uri.startsWith('/'))) return fileStorage;
  if (scheme !== undefined) {
    throw new FlyteError(
      'unimplemented',
      `Storage of the scheme ${JSON.stringify(scheme)} is not supported: ${JSON.stringify(uri)}. Supported are file:// and absolute paths.`,
    );
  }
  const why = uri.includes('{{') ? 'is a template that nothing filled in' : 'is neither a URI nor an absolute path';
  throw new FlyteError('invalid_argument', `${JSON.stringify(uri)} ${why}; a valid example: "file:///data/inputs.pb".`);
}

/** The URI of a file in a folder, whether or not the folder's ends in a slash. */
export function joinUri(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
