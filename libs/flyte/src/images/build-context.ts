import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';
import { digestOf, type ImagePlan, type PlannedFile } from './image-plan.js';

/** A Dockerfile and a build context on disk. */
export interface WrittenContext {
  readonly dockerfile: string;
  readonly context: string;
  remove(): void;
}

/** The oldest time that ZIP archives, and so Python's wheels, can hold. */
const LONG_AGO = new Date('1980-01-01T00:00:00Z');

/**
 * Writes a plan's Dockerfile and copies its files into a private temporary folder, all with the same rights and times
 * on every machine, so that nothing but their content decides whether a layer is built again.
 *
 * @throws FlyteError `aborted` where a file is no longer the one that the tag was made of
 */
export function writeContext(plan: ImagePlan): WrittenContext {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-image-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const context = join(folder, 'context');
    makeFolder(context, folder);
    for (const [name, files] of plan.files) {
      const target = join(context, name);
      makeFolder(target, folder);
      for (const file of files) copy(file, target);
    }
    const dockerfile = join(folder, 'Dockerfile');
    writeFileSync(dockerfile, plan.dockerfile);
    return { dockerfile, context, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function copy({ entry, digest }: PlannedFile, folder: string): void {
  const path = join(folder, entry.path);
  makeFolder(dirname(path), folder);
  if (entry.kind === 'link') {
    symlinkSync(entry.target, path);
    return;
  }
  if (entry.kind === 'text') {
    writeFileSync(path, entry.text);
    settle(path, false);
    return;
  }
  copyFileSync(entry.source, path);
  if (digestOf({ ...entry, source: path }) !== digest) {
    throw new FlyteError('aborted', `${quoted(entry.source)} changed while the image was being prepared: build again.`);
  }
  settle(path, entry.executable);
}

function settle(path: string, executable: boolean): void {
  chmodSync(path, executable ? 0o755 : 0o644);
  utimesSync(path, LONG_AGO, LONG_AGO);
}

/** Makes a folder and those above it, up to a folder that is there; whatever the process's umask, all may read them. */
function makeFolder(path: string, below: string): void {
  if (path === below || mkdirSync(path, { recursive: true }) === undefined) return;
  for (let each = path; each !== below; each = dirname(each)) chmodSync(each, 0o755);
}
