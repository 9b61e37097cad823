import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { FlyteError } from '../errors/flyte-error.js';
import { storageOf } from '../storage/storage-of.js';
import { ActionError, failedStep } from './action-failure.js';
import { isPassing } from './action-files.js';

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
 * @param signal ends it early, with nothing left
 * @throws ActionError `CodeBundleUnreadable`
 */
export async function unpackCode(uri: string, root: string, signal?: AbortSignal): Promise<UnpackedCode> {
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-flyte-code-'));
  const unpacked = join(folder, 'app');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await mkdir(unpacked);
    await unpack(uri, join(folder, 'code.tar'), unpacked, signal);
    const packages = nearestPackages(root);
    if (packages !== undefined) await symlink(packages, join(unpacked, 'node_modules'), 'dir');
  } catch (error) {
    await remove();
    const recoverable = isPassing(error) || (FlyteError.is(error) && error.code === 'not_found');
    const step = { code: 'CodeBundleUnreadable', origin: 'user', recoverable } as const;
    throw failedStep(error, step, 'The code of the task cannot be unpacked');
  }
  return { root: unpacked, remove };
}

/** What is wrong with a path of a bundle, to put behind it; undefined where nothing is. */
export function bundlePathProblem(path: string): string | undefined {
  const parts = path.replace(/\/$/, '').split('/');
  if (path.startsWith('/') || /[\\\p{Cc}]/u.test(path) || /^[A-Za-z]:/.test(path)) return 'is no path below a folder';
  if (parts.some((part) => part === '..' || part === '')) return 'is no path below a folder';
  if (parts.includes('node_modules')) return 'is of a package, and these come with the image';
  return undefined;
}

/** Nothing is unpacked before all of it was looked at. */
async function unpack(uri: string, archive: string, root: string, signal?: AbortSignal): Promise<void> {
  const [{ extract, list }, source] = await Promise.all([
    import('tar'),
    storageOf(uri).then((storage) => storage.open(uri, signal)),
  ]);
  const file = createWriteStream(archive, { mode: 0o600 });
  await pipeline(source, createGunzip(), limited(MAX_ARCHIVE_BYTES), file, { signal });
  let bytes = 0;
  let files = 0;
  let problem: string | undefined;
  const look = ({ path, type, size }: Pick<ReadEntry, 'path' | 'type' | 'size'>): void => {
    bytes += size;
    files += 1;
    problem ??= bytes > MAX_BUNDLE_BYTES || files > MAX_BUNDLE_FILES ? TOO_LARGE : entryProblem(path, type);
  };
  const seen = await list({ file: archive, strict: true, onReadEntry: look }).catch((error: unknown) => error);
  if (problem !== undefined) throw refused(problem);
  if (seen instanceof Error) throw seen;
  signal?.throwIfAborted();
  await extract({ file: archive, cwd: root, strict: true, preserveOwner: false, noMtime: true });
  await rm(archive);
}

function entryProblem(path: string, type: string): string | undefined {
  if (!KINDS.has(type)) return `It holds a ${type}: ${JSON.stringify(path)}.`;
  const wrong = bundlePathProblem(path.replace(/^\.\//, ''));
  return wrong === undefined ? undefined : `It holds ${JSON.stringify(path)}, which ${wrong}.`;
}

const KINDS: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory']);
const TOO_LARGE = `It has more than ${MAX_BUNDLE_FILES} files, or more than ${MAX_BUNDLE_BYTES} bytes.`;

function refused(problem: string): ActionError {
  const message = `The code of the task is refused. ${problem}`;
  return new ActionError({ code: 'CodeBundleUnreadable', origin: 'user', recoverable: false, message });
}

/** Lets so many bytes through, however few they were before they were decompressed. */
function limited(most: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      seen += chunk.length;
      if (seen > most) done(refused(TOO_LARGE));
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
