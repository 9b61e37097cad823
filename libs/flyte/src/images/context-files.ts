import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { quoted } from '../protocol/path-hazard.js';
import { IMAGES_FILE } from './built-images.js';
import { imageError } from './dockerfile-text.js';
import { assertNoCredential } from './npmrc-credential.js';

/** One file of a build context. */
export type ContextEntry = {
  /** Inside its folder, with `/` between segments. */
  readonly path: string;
} & (
  | { readonly kind: 'file'; readonly source: string; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'text'; readonly text: string }
);

/** Files to be copied into an image, listed when the build or the tag needs them. In the order of their paths. */
export interface ContextFiles {
  /** @throws FlyteError `invalid_configuration` where a file is missing or is of a kind that no image holds */
  list(): readonly ContextEntry[];
}

/** Never copied out of a folder: made on this machine for this machine, holding what must not be in an image, or naming it. */
const NEVER = ['**/node_modules', '**/.git', '**/.env*', '**/.flyte-local', '**/.DS_Store', `**/${IMAGES_FILE}`];

/** Nothing of these is ever let through, so their thousands of files need not be looked at. */
const NEVER_ENTERED: ReadonlySet<string> = new Set(['node_modules', '.git', '.flyte-local']);

/** What the state of a local control plane always has, whatever its folder is called: its keys lie beside these. */
const OF_STATE = ['signing-key.json', 'control-plane.db'];

/** Whether a path is never copied out of a folder. */
export const isNeverCopied = named(NEVER);

/**
 * One file, under its own name or another.
 *
 * @param name what it is called in the image
 */
export function singleFile(source: string, name: string = basename(source)): ContextFiles {
  return {
    list: () => {
      const entry = entryOf(source, name);
      if (entry === undefined) throw imageError(`${quoted(source)} is a folder: use withSourceFolder.`);
      if (isState(dirname(source))) {
        throw imageError(
          `${quoted(source)} is of the state of a local control plane, which never leaves this machine.`,
        );
      }
      return [entry];
    },
  };
}

/**
 * The files of a folder, without those that its `.dockerignore` names, nor `node_modules`, `.git`, `.env*` and the state
 * of a local control plane.
 *
 * @param ignore further patterns, of the syntax of `.dockerignore`
 */
export function folderFiles(folder: string, ignore: readonly string[] = []): ContextFiles {
  return {
    list: () => {
      if (!isFolder(folder)) throw imageError(`${quoted(folder)} is no folder on this machine.`);
      const ignored = named([...dockerignoreOf(folder), ...ignore, ...NEVER]);
      return walk(folder, '').filter(({ path }) => !ignored(path));
    },
  };
}

/**
 * The files of a package's folder that npm would publish.
 *
 * @param published the `files` of its package.json: names and patterns, those with `!` taken out again
 */
export function packedFiles(folder: string, published: readonly string[]): readonly ContextEntry[] {
  // Docker's rules are npm's turned round: what is not named stays behind.
  const patterns = published.map((each) => (each.startsWith('!') ? each.slice(1) : `!${each}`));
  const left = named(['**', ...patterns, '!package.json']);
  return walk(folder, '').filter(({ path }) => !left(path));
}

/** @returns whether patterns of the syntax of `.dockerignore` name a path */
export function named(patterns: readonly string[]): (path: string) => boolean {
  const rules = dockerignore.default({ ignorecase: false }).add([...patterns]);
  return (path) => rules.ignores(path);
}

function dockerignoreOf(folder: string): string[] {
  try {
    return readFileSync(join(folder, '.dockerignore'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function walk(folder: string, inside: string): ContextEntry[] {
  if (isState(folder)) return [];
  const names = readdirSync(folder).filter((name) => !NEVER_ENTERED.has(name));
  return names.toSorted().flatMap((name) => {
    const path = inside === '' ? name : `${inside}/${name}`;
    const entry = entryOf(join(folder, name), path);
    return entry === undefined ? walk(join(folder, name), path) : [entry];
  });
}

/** @returns undefined for a folder */
function entryOf(source: string, path: string): ContextEntry | undefined {
  const stats = lstatSync(source, { throwIfNoEntry: false });
  if (stats === undefined) throw imageError(`There is no file ${quoted(source)} on this machine.`);
  if (stats.isDirectory()) return undefined;
  if (stats.isSymbolicLink()) return { path, kind: 'link', target: readlinkSync(source) };
  if (!stats.isFile()) throw imageError(`${quoted(source)} is no regular file, and can't be copied into an image.`);
  if (basename(path) === '.npmrc') assertNoCredential(source, readFileSync(source, 'utf8'));
  return { path, kind: 'file', source, executable: (stats.mode & 0o111) !== 0 };
}

function isState(folder: string): boolean {
  return OF_STATE.every((name) => existsSync(join(folder, name)));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
