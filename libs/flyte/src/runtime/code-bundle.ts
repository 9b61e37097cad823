import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FlyteError } from '../errors/flyte-error.js';
import { storageOf } from '../storage/storage-of.js';
import { ActionError, failedStep } from './action-failure.js';

/** How many bytes the files of a bundle may have together: 256 MiB. */
export const MAX_BUNDLE_BYTES = 256 * 1024 * 1024;
/** How many files a bundle may have. */
export const MAX_BUNDLE_FILES = 50_000;
/** What an archive has beside its files' bytes: a header, a long name, and padding for each. */
const MAX_ARCHIVE_BYTES = MAX_BUNDLE_BYTES + MAX_BUNDLE_FILES * 4096;

/** Code that was unpacked for one action. */
export interface UnpackedCode {
  /** The app's root, in place of the image's. */
  readonly root: string;
  /** Removes it. */
  remove(): Promise<void>;
}

/**
 * Unpacks an app's code into a private folder of its own: an image's own files are neither writable for a task nor to be
 * mixed with others. Packages are those of the image. Only files and folders are taken, none of which leads elsewhere.
 *
 * @param uri a tar archive, compressed by gzip
 * @param root the app's root in the image
 * @throws ActionError `CodeBundleUnreadable`
 */
export async function unpackCode(uri: string, root: string): Promise<UnpackedCode> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-flyte-code-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await unpack(uri, folder);
    const packages = nearestPackages(root);
    if (packages !== undefined) await symlink(packages, join(folder, 'node_modules'), 'dir');
  } catch (error) {
    await remove();
    const recoverable = FlyteError.is(error) && (error.code === 'unavailable' || error.code === 'not_found');
    const step = { code: 'CodeBundleUnreadable', origin: 'user', recoverable } as const;
    throw failedStep(error, step, 'The code of the task cannot be unpacked');
  }
  return { root: folder, remove };
}

/** What is wrong with a path of a bundle, to put behind it; undefined where nothing is. */
export function bundlePathProblem(path: string): string | undefined {
  const parts = path.replace(/\/$/, '').split('/');
  if (path.startsWith('/') || /[\\\p{Cc}]/u.test(path) || /^[A-Za-z]:/.test(path)) return 'is no path below a folder';
  if (parts.some((part) => part === '..' || part === '')) return 'is no path below a folder';
  if (parts.includes('node_modules')) return 'is of a package, and these come with the image';
  return undefined;
}

async function unpack(uri: string, folder: string): Promise<void> {
  const [{ Unpack }, source] = await Promise.all([import('tar'), storageOf(uri).then((storage) => storage.open(uri))]);
  let bytes = 0;
  let files = 0;
  const problem = (path: string, type: string, size: number): string | undefined => {
    bytes += size;
    files += 1;
    if (bytes > MAX_BUNDLE_BYTES || files > MAX_BUNDLE_FILES) return TOO_LARGE;
    if (!['File', 'OldFile', 'ContiguousFile', 'Directory'].includes(type))
      return `It holds a ${type}: ${JSON.stringify(path)}.`;
    const wrong = bundlePathProblem(path.replace(/^\.\//, ''));
    return wrong === undefined ? undefined : `It holds ${JSON.stringify(path)}, which ${wrong}.`;
  };
  const target = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      if (!('type' in entry)) return false;
      const found = problem(path, entry.type, entry.size);
      if (found !== undefined)
        throw new ActionError({ ...REFUSED, message: `The code of the task is refused. ${found}` });
      return true;
    },
  });
  await pipeline(source, createGunzip(), limited(MAX_ARCHIVE_BYTES), target);
}

const REFUSED = { code: 'CodeBundleUnreadable', origin: 'user', recoverable: false } as const;
const TOO_LARGE = `It has more than ${MAX_BUNDLE_FILES} files, or more than ${MAX_BUNDLE_BYTES} bytes.`;

/** Lets so many bytes through, however few they were before they were decompressed. */
function limited(most: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      seen += chunk.length;
      if (seen > most) done(new ActionError({ ...REFUSED, message: `The code of the task is refused. ${TOO_LARGE}` }));
      else done(null, chunk);
    },
  });
}

/** Where Node would look for packages, from the app's root upwards. */
function nearestPackages(folder: string): string | undefined {
  const packages = join(folder, 'node_modules');
  if (existsSync(packages)) return packages;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestPackages(parent);
}
