import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import * as z from 'zod';

/** A package that a file belongs to. */
export interface Package {
  readonly name: string;
  readonly folder: string;
}

const IN_PACKAGES = `${sep}node_modules${sep}`;

/** The package that a file below `node_modules` belongs to; undefined for the app's own files. */
export function packageOf(file: string): Package | undefined {
  const at = file.lastIndexOf(IN_PACKAGES);
  if (at === -1) return undefined;
  const name = packageName(file.slice(at + IN_PACKAGES.length).replaceAll(sep, '/'));
  return { name, folder: join(file.slice(0, at + IN_PACKAGES.length), name) };
}

/** The package's part of what is imported: `@nestjs/core` of `@nestjs/core/injector`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Whether Node, looking from a folder upwards, finds this package, and no other of its name. */
export function isFoundFrom(folder: string, { name, folder: wanted }: Package): boolean {
  const here = join(folder, 'node_modules', name);
  // It may be a link, as pnpm and workspaces have them.
  if (existsSync(here)) return realpathSync(here) === realpathSync(wanted);
  const parent = dirname(folder);
  return parent !== folder && isFoundFrom(parent, { name, folder: wanted });
}

const Names = z.record(z.string(), z.unknown()).catch({});
const Manifest = z.looseObject({
  gypfile: z.unknown().optional(),
  binary: z.unknown().optional(),
  dependencies: Names,
  optionalDependencies: Names,
});

/** What a package depends on that finds, or builds, its native code. */
const LOADERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'prebuild-install',
  '@mapbox/node-pre-gyp',
];
/** A package with a binary for one kind of machine, as `@img/sharp-linux-x64` is. */
const FOR_A_MACHINE = /(?:^|[-/.])(?:linux|darwin|win32)[-.](?:x64|arm64)/;

/** Whether a package brings native code: files for `process.dlopen`, which no bundler can take in. */
export function isNative({ folder }: Package): boolean {
  const { gypfile, binary, dependencies, optionalDependencies } = manifestOf(folder);
  if (gypfile === true || binary !== undefined) return true;
  if (LOADERS.some((name) => name in dependencies)) return true;
  if (Object.keys(optionalDependencies).some((name) => FOR_A_MACHINE.test(name))) return true;
  return existsSync(join(folder, 'binding.gyp')) || hasBinary(folder);
}

/** Of one that is missing or broken the bundler will tell. */
function manifestOf(folder: string): z.infer<typeof Manifest> {
  try {
    return Manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  } catch {
    return { dependencies: {}, optionalDependencies: {} };
  }
}

function hasBinary(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    if (entry.isDirectory()) return entry.name !== 'node_modules' && hasBinary(join(folder, entry.name));
    return entry.name.endsWith('.node');
  });
}
