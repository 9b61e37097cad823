import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import type { CreateUploadLocationRequest } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { codeOf } from '../state/atomic-file.js';
import { openFile } from './open-file.js';

/** The folder of all files that clients upload, in the plane's data folder. */
export const UPLOADED = 'files';

const MD5_BYTES = 16;
const MAX_SEGMENT_BYTES = 255;
/** As object stores limit a key: the folder of uploads is a part of the path too, which the system limits. */
const MAX_NAME_BYTES = 1024;

/** The folder of a project's uploads in a domain, both of which may hold any character. */
export function uploadsOf(project: string, domain: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([project, domain]))
    .digest('hex')
    .slice(0, 16);
  return `${UPLOADED}/${digest}`;
}

/**
 * Where an upload goes, relative to the data folder: by its root, or by its content.
 *
 * @throws ConnectError `invalid_argument`
 */
export function uploadPlace(request: CreateUploadLocationRequest): string {
  const { project, domain, contentMd5, filenameRoot, filename } = request;
  for (const [field, value] of Object.entries({ project, domain })) {
    if (value === '') throw invalid(`The request has no ${field}.`);
  }
  if (contentMd5.length !== MD5_BYTES) throw invalid('The request needs the MD5 of the content, of 16 bytes.');
  // Its parts are looked for in the inputs of runs, so they are plain.
  if (filenameRoot !== '' && !/^[\w=-][\w.=-]{0,99}$/.test(filenameRoot)) {
    throw invalid(
      'The filename_root must have 1 to 100 letters, digits, ".", "_", "=" and "-", beginning with none of ".".',
    );
  }
  const name = filename === '' ? 'content' : filename.replace(/^\/+/, '');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES || !name.split('/').every(isSegment)) {
    throw invalid('The filename must be a name, or names with "/" between them: none empty, too long, "." or "..".');
  }
  return [uploadsOf(project, domain), filenameRoot || base32(contentMd5), name].join('/');
}

function isSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..' || /[\\\p{Cc}]/u.test(segment)) return false;
  return Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES;
}

/**
 * Refuses to put a file where another content has been put by name, where a folder is, or below a file.
 *
 * @param root the data folder
 * @throws ConnectError `already_exists`
 */
export async function requireFree(
  root: string,
  place: string,
  { filename, filenameRoot, contentMd5 }: CreateUploadLocationRequest,
): Promise<void> {
  const path = join(root, place);
  const found = await lstat(path).catch(codeOf);
  if (found === 'ENOENT') return;
  if (found === 'ENOTDIR') throw exists('There is a file already where the file name has a folder.');
  if (typeof found === 'string') throw exists(`What is in the place of that file can't be read (${found}).`);
  if (!found.isFile()) throw exists('There is a folder in the place of that file already, or a link.');
  if (filename === '' || filenameRoot === '') return;
  await using file = await openFile(path);
  if (file === undefined) return;
  const hash = createHash('md5');
  await pipeline(file.createReadStream({ start: 0, autoClose: false }), hash);
  if (hash.digest().equals(contentMd5)) return;
  throw exists('There is a file of that root and name already, with another content.');
}

function exists(message: string): ConnectError {
  return new ConnectError(message, Code.AlreadyExists);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base 32 with padding (RFC 4648, 6), as Flyte names content. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{1,5}/g) ?? [];
  const text = digits.map((digit) => ALPHABET[Number.parseInt(digit.padEnd(5, '0'), 2)]).join('');
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
