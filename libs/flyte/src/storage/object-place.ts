import { FlyteError } from '../errors/flyte-error.js';
import type { ObjectPlace } from './object-store.js';

const FORM = /^[a-z0-9]+:\/\/([^/]*)(?:\/(.*))?$/is;
// Of Azure, the container and the account's host.
const BUCKET = /^[a-z0-9$][a-z0-9._-]*(@[a-z0-9.-]+)?$/i;

/**
 * What an object's URI names. An SDK may make a URL of it, in which `..` would lead into another bucket: it is refused.
 *
 * @throws FlyteError `invalid_argument` where it names no object
 */
export function objectOf(uri: string): ObjectPlace {
  const place = bucketAndKey(uri);
  if (place.key === '' || place.key.endsWith('/')) throw wrong(uri, 'names no object');
  return place;
}

/**
 * What lies under a folder: its key ends in a slash, or is empty for a whole bucket.
 *
 * @throws FlyteError `invalid_argument` where it names no folder
 */
export function folderOf(uri: string): ObjectPlace {
  const { bucket, key } = bucketAndKey(uri);
  return { bucket, key: key === '' || key.endsWith('/') ? key : `${key}/` };
}

function bucketAndKey(uri: string): ObjectPlace {
  const [, bucket = '', key = ''] = FORM.exec(uri) ?? [];
  if (!BUCKET.test(bucket)) throw wrong(uri, 'names no bucket');
  if (key.includes('\0')) throw wrong(uri, 'holds a NUL character');
  if (key.split('/').some((part) => part === '.' || part === '..')) throw wrong(uri, 'holds a "." or ".." as a folder');
  return { bucket, key };
}

function wrong(uri: string, why: string): FlyteError {
  return new FlyteError(
    'invalid_argument',
    `${JSON.stringify(uri)} ${why}; a valid example: "s3://bucket/folder/file".`,
  );
}
