import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as z from 'zod';
import { PACKAGE } from '../gen/package.js';
import { packageFolder } from '../protocol/package-folder.js';
import { type ContextFiles, packedFiles } from './context-files.js';
import { imageError } from './dockerfile-text.js';

const Manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  files: z.array(z.string()).default([]),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  peerDependenciesMeta: z.record(z.string(), z.looseObject({ optional: z.boolean().optional() })).default({}),
});

/**
 * This package as it is installed on the machine that builds: the files that npm would publish, and a `package.json` that
 * names the versions of its dependencies that are installed beside it. So an image holds what was tried on this machine,
 * and no registry decides what this package is.
 *
 * @param folder the package's folder, if it has one
 */
export function installedCopy(folder: string | undefined = packageFolder()): ContextFiles {
  return {
    list: () => {
      const manifest = folder === undefined ? undefined : readManifest(join(folder, 'package.json'));
      if (folder === undefined || manifest?.name !== PACKAGE.name) {
        throw imageError(
          'withFlyte copies nestjs-flyte out of the folder that it is installed in, and this program holds it in a bundle: ' +
            'leave nestjs-flyte out of the bundle (external), or use withNpmProject.',
        );
      }
      const { scripts: _1, devDependencies: _2, dependencies, peerDependencies, peerDependenciesMeta } = manifest;
      const exact = (versions: Readonly<Record<string, string>>): Record<string, string> =>
        Object.fromEntries(
          Object.entries(versions).map(([name, range]) => [
            name,
            // npm installs no peer that is optional, so there may be none here either.
            peerDependenciesMeta[name]?.optional === true ? range : installedVersion(folder, name),
          ]),
        );
      const text = JSON.stringify({
        ...manifest,
        scripts: undefined,
        devDependencies: undefined,
        dependencies: exact(dependencies),
        peerDependencies: exact(peerDependencies),
      });
      return packedFiles(folder, manifest.files).map((entry) =>
        entry.path === 'package.json' ? { path: entry.path, kind: 'text', text } : entry,
      );
    },
  };
}

/** The version of a dependency that the package finds. Not by `require`, for not every package exports its package.json. */
function installedVersion(folder: string, name: string): string {
  const places = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? [];
  for (const place of places) {
    const manifest = readManifest(join(place, name, 'package.json'));
    if (manifest !== undefined) return manifest.version;
  }
  throw imageError(
    `withFlyte found no ${name} in a node_modules folder beside nestjs-flyte in ${folder}: install the dependencies, ` +
      "with a node_modules folder (Yarn's nodeLinker: node-modules), or use withNpmProject.",
  );
}

function readManifest(path: string): z.infer<typeof Manifest> | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined
    ? undefined
    : Manifest.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
}
