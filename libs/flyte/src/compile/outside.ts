import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { isFoundFrom, isNative, type Package, packageName, packageOf } from './package-of.js';

/** What decides which packages a compiled file leaves outside. */
export interface OutsideOptions {
  /** Packages that the user names. */
  readonly external: readonly string[];
  /** The folder of the compiled file, where Node will look for what is outside. */
  readonly from: string;
  /** The folder of this package. */
  readonly library: string;
  /** Takes what the user should know. */
  readonly note: (line: string) => void;
}

/** Packages that Nest loads where there is a server, which an action has not. */
const OF_SERVERS = /^@nestjs\/(?:websockets|microservices|platform-[\w-]+)$/;

/**
 * Leaves packages outside, for Node to load when they are asked for: those that the user names, those with native code, those of
 * Nest that an action never loads, the SDKs of clouds, and what a package would use but is not installed.
 */
export function outside(options: OutsideOptions): Plugin {
  const native = new Map<string, boolean>();
  const isOutside = (found: Package): boolean => {
    const known = native.get(found.folder);
    if (known !== undefined) return known;
    const is = isNative(found);
    native.set(found.folder, is);
    if (!is) return false;
    options.note(`${found.name} has native code and is left outside: the image needs it, as "npm ci" installs it.`);
    if (!isFoundFrom(options.from, found))
      options.note(`${found.name} will not be found from ${options.from}: make it a dependency of the app itself.`);
    return true;
  };
  return {
    name: 'nestjs-flyte-outside',
    setup: (build) => {
      // Neither what is relative or absolute, nor what this plugin itself asks for.
      build.onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === asked || args.kind === 'entry-point' || /^(?:node|data|file):/.test(args.path))
          return undefined;
        if (isLeft(args, options)) return { path: args.path, external: true };
        return resolved(build, args, isOutside);
      });
    },
  };
}

const asked = Symbol('asked by this plugin');

function isLeft({ path, kind, importer }: OnResolveArgs, { external, library }: OutsideOptions): boolean {
  const name = packageName(path);
  if (external.includes(name) || external.includes(path)) return true;
  if (kind !== 'dynamic-import') return false;
  return (
    importer.startsWith(library) || (OF_SERVERS.test(name) && packageOf(importer)?.name.startsWith('@nestjs/') === true)
  );
}

async function resolved(
  build: PluginBuild,
  { path, kind, importer, resolveDir, with: attributes }: OnResolveArgs,
  isOutside: (found: Package) => boolean,
): Promise<OnResolveResult | undefined> {
  const result = await build.resolve(path, { kind, importer, resolveDir, with: attributes, pluginData: asked });
  if (result.errors.length > 0) {
    const isOptional = kind === 'dynamic-import' || kind === 'require-call' || kind === 'require-resolve';
    // Who asks for it is prepared not to find it. Of the app itself, that would be a mistake.
    return isOptional && packageOf(importer) !== undefined ? { path, external: true } : undefined;
  }
  const found = packageOf(result.path);
  if (result.external || found === undefined) return undefined;
  if (isOutside(found)) return { path, external: true };
  // Node gets the CommonJS of rxjs, of which a bundler can leave nothing out.
  const lean = found.name === 'rxjs' ? leanRxjs(path, found) : undefined;
  return lean === undefined ? undefined : { path: lean, sideEffects: false };
}

function leanRxjs(specifier: string, { folder }: Package): string | undefined {
  const file = join(folder, 'dist/esm', specifier === 'rxjs/operators' ? 'operators/index.js' : 'index.js');
  return /^rxjs(?:\/operators)?$/.test(specifier) && existsSync(file) ? file : undefined;
}
