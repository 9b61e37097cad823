import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { COMPILED_HEADER } from '../runtime/compiled-file.js';

/**
 * What a compiled file begins with. Packages that were CommonJS ask by `require` for what is outside; and what asks where it is
 * itself, is told where it was compiled from, relative to the compiled file.
 */
export const BANNER = `${COMPILED_HEADER}import { createRequire as nestjsFlyteRequire } from 'node:module';
import { dirname as nestjsFlyteDirname } from 'node:path';
import { fileURLToPath as nestjsFlytePath } from 'node:url';
const require = nestjsFlyteRequire(import.meta.url);
const nestjsFlyteUrl = (path) => new URL(path, import.meta.url).href;`;

/** How a file asks where it is, what stands for that in its text, and how that is found out. */
const QUESTIONS = [
  ['import.meta.url', '__url', (url: string) => url],
  ['import.meta.filename', '__file', (url: string) => `nestjsFlytePath(${url})`],
  ['import.meta.dirname', '__folder', (url: string) => `nestjsFlyteDirname(nestjsFlytePath(${url}))`],
  ['__filename', '__file', (url: string) => `nestjsFlytePath(${url})`],
  ['__dirname', '__folder', (url: string) => `nestjsFlyteDirname(nestjsFlytePath(${url}))`],
] as const;

/** For esbuild's option `define`, which tells what is meant from what is only called so. */
export const PLACES = Object.fromEntries(QUESTIONS.map(([asked, name]) => [asked, `nestjsFlyte${name}`]));

/**
 * Tells each file where it lies, as it would be told without a bundle: the files beside it, which it may read, stay there.
 *
 * @param from the folder of the compiled file
 * @param askers takes each file that may ask
 */
export function ownPlace(from: string, askers: Set<string>): Plugin {
  return {
    name: 'nestjs-flyte-own-place',
    setup: (build) => {
      build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path, namespace }) => {
        if (namespace !== 'file') return undefined;
        const text = await readFile(path, 'utf8');
        const asked = QUESTIONS.filter(([question]) => text.includes(question));
        if (asked.length === 0) return undefined;
        askers.add(path);
        const url = `nestjsFlyteUrl(${JSON.stringify(relativeUrl(from, path))})`;
        const answers = new Map(asked.map(([, name, answer]) => [name, answer(url)]));
        const told = [...answers].map(
          ([name, answer]) => `var nestjsFlyte${name} = /* @__PURE__ */ (() => ${answer})();`,
        );
        return { contents: `${told.join(' ')} ${text.replace(/^#!/, '//')}`, loader: 'js' };
      });
    },
  };
}

function relativeUrl(from: string, file: string): string {
  const path = relative(from, file).split(sep).map(encodeURIComponent).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}
