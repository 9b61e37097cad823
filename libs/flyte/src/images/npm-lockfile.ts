import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as z from 'zod';
import { quoted } from '../protocol/path-hazard.js';
import { imageError } from './dockerfile-text.js';

/** npm's own, in the order in which npm looks for them. */
export const LOCKFILES = ['npm-shrinkwrap.json', 'package-lock.json'] as const;

/** Lockfiles of others, by what writes them. */
const OTHERS = { 'yarn.lock': 'yarn', 'pnpm-lock.yaml': 'pnpm', 'bun.lock': 'bun', 'bun.lockb': 'bun' };

/** https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages; what npm 6 wrote has no `packages`. */
const Lockfile = z.looseObject({
  packages: z
    .record(z.string(), z.looseObject({ resolved: z.string().optional(), link: z.boolean().optional() }))
    .default({}),
});

/**
 * The packages that a project's lockfile finds as files of the project, for dependencies such as `file:vendor/tool.tgz`.
 *
 * @param paths the files of the project that are copied
 * @returns those of the paths that are such packages
 * @throws FlyteError `invalid_configuration` where there is none, where another package manager's is, where it can't be
 *   read, or where it names something outside of the project or left out of the copy
 */
export function lockedTarballs(folder: string, paths: ReadonlySet<string>): readonly string[] {
  const name = LOCKFILES.find((each) => paths.has(each));
  if (name === undefined) throw noLockfile(folder, paths);
  const packages = Object.values(read(join(folder, name)).packages);
  const tarballs = packages.flatMap(({ resolved = '', link }) =>
    link !== true && resolved.startsWith('file:') ? [posix.normalize(resolved.slice('file:'.length))] : [],
  );
  // Workspaces, and dependencies such as `file:libs/tool`.
  const folders = packages.flatMap(({ resolved, link }) =>
    link === true && resolved !== undefined ? [posix.normalize(resolved)] : [],
  );
  for (const path of [...tarballs, ...folders]) {
    if (path.startsWith('../') || posix.isAbsolute(path)) {
      throw imageError(
        `${name} of ${quoted(folder)} names ${quoted(path)}, which is outside of that folder and can't be copied with it: ` +
          'move it into the project and install it from there, or give withNpmProject the folder that holds both.',
      );
    }
    if (paths.has(path) || paths.has(posix.join(path, 'package.json'))) continue;
    throw imageError(
      `${name} of ${quoted(folder)} names ${quoted(path)}, which is not copied: it is missing there, or .dockerignore ` +
        'or the option ignore leaves it out.',
    );
  }
  return tarballs;
}

function read(path: string): z.infer<typeof Lockfile> {
  try {
    return Lockfile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw imageError(`${quoted(path)} is no lockfile of npm: run npm install there, and commit what it writes.`);
  }
}

function noLockfile(folder: string, paths: ReadonlySet<string>): Error {
  const wanted = `withNpmProject needs a lockfile of npm, ${LOCKFILES.join(' or ')}, in ${quoted(folder)}`;
  const other = Object.entries(OTHERS).find(([name]) => paths.has(name));
  if (other === undefined) return imageError(`${wanted}: run npm install there, and commit the lockfile.`);
  const [name, manager] = other;
  return imageError(
    `${wanted}, and found ${name}, which is ${manager}'s. Either run npm install --package-lock-only there, or let ${manager} ` +
      'make what runs and copy that: a bundle with withFlyte() and withSourceFolder("dist").',
  );
}
