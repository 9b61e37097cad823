import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
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
const OF_SERVERS = /^(?:@nestjs\/(?:websockets|microservices|platform-[\w-]+)|file-type)$/;
/** What of Nest an action loads. */
const NEST = /^@nestjs\/(?:common|core)$/;

/**
 * Leaves packages outside, for Node to load when they are asked for: those that the user names, those with native code, those of
 * Nest that an action never loads, the SDKs of clouds, and what a package would use but is not installed.
 */
export function outside(options: OutsideOptions): Plugin {
  const isOutside = nativeOnes(options);
  return {
    name: 'nestjs-flyte-outside',
    setup: (build) => {
      build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
        // A file of native code stays where it is.
        path: `./${relative(options.from, join(resolveDir, path)).split(sep).join('/')}`,
        external: true,
      }));
      // Neither what is relative or absolute, nor what this plugin itself asks for.
      build.onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === asked || args.kind === 'entry-point' || OTHERS.test(args.path)) return undefined;
        if (isLeft(args, options)) return { path: args.path, external: true };
        return resolved(build, args, options, isOutside);
      });
    },
  };
}

const asked = Symbol('asked by this plugin');
const OTHERS = /^(?:node|data|file|nestjs-flyte):/;

function nativeOnes({ from, note }: OutsideOptions): (found: Package) => boolean {
  const known = new Map<string, boolean>();
  return (found) => {
    const before = known.get(found.folder);
    if (before !== undefined) return before;
    const is = isNative(found);
    known.set(found.folder, is);
    if (!is) return false;
    note(`${found.name} has native code and is left outside: where the tasks run, it must be installed.`);
    if (!isFoundFrom(from, found))
      note(`${found.name} will not be found from ${from}: make it a dependency of the app itself.`);
    return true;
  };
}

function isLeft({ path, kind, importer }: OnResolveArgs, { external, library }: OutsideOptions): boolean {
  const name = packageName(path);
  if (external.includes(name)) return true;
  if (kind === 'dynamic-import' && importer.startsWith(library + sep)) return true;
  return OF_SERVERS.test(name) && NEST.test(packageOf(importer)?.name ?? '');
}

async function resolved(
  build: PluginBuild,
  { path, kind, importer, resolveDir, with: attributes }: OnResolveArgs,
  { library }: OutsideOptions,
  isOutside: (found: Package) => boolean,
): Promise<OnResolveResult | undefined> {
  const result = await build.resolve(path, { kind, importer, resolveDir, with: attributes, pluginData: asked });
  if (result.errors.length > 0) {
    const isOptional = kind === 'dynamic-import' || kind === 'require-call' || kind === 'require-resolve';
    // Who asks for it is prepared not to find it. Of the app itself, that would be a mistake.
    return isOptional && packageOf(importer) !== undefined ? { path, external: true } : undefined;
  }
  if (packageName(path) === LIBRARY && !result.path.startsWith(library + sep)) {
    const text = `this is another copy of nestjs-flyte than that of the tasks, in ${library}: see "npm ls nestjs-flyte"`;
    return { errors: [{ text }] };
  }
  const found = packageOf(result.path);
  if (result.external || found === undefined) return undefined;
  if (isOutside(found)) return { path, external: true };
  const lean = leanRxjs(path, found);
  return lean === undefined ? undefined : { path: lean, sideEffects: false };
}

const LIBRARY = 'nestjs-flyte';

/** Node gets the CommonJS of rxjs, of which a bundler can leave nothing out; it brings the same as modules. */
function leanRxjs(specifier: string, { folder }: Package): string | undefined {
  if (specifier !== 'rxjs' && specifier !== 'rxjs/operators') return undefined;
  const file = join(folder, 'dist/esm', specifier === 'rxjs' ? 'index.js' : 'operators/index.js');
  return existsSync(file) ? file : undefined;
}
