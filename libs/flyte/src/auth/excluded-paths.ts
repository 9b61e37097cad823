import { METHODS } from 'node:http';
import type { HttpRequestLine } from './inbound-request.js';

/**
 * Compiles `excludedPaths`. A path is compared, as it came over the wire and up to `?`, letter by letter: whatever an
 * adapter would decode, normalise or ignore about it stays closed.
 *
 * @param paths `'/health'` for any method, or `'GET /health'`, in which {@link excludedPathProblem} finds no problem
 * @returns whether a request is excluded; nothing where no path is
 */
export function compileExcludedPaths(paths: readonly string[]): ((line: HttpRequestLine) => boolean) | undefined {
  if (paths.length === 0) return undefined;
  const excluded = new Set(paths);
  return ({ method, target, rewritten }) => {
    // A handler reached by a rewritten path is not the one that was named.
    if (rewritten) return false;
    const query = target.indexOf('?');
    const path = query === -1 ? target : target.slice(0, query);
    return excluded.has(path) || excluded.has(`${method} ${path}`);
  };
}

/** What is wrong with an entry of `excludedPaths`, which could then never match; undefined where nothing is. */
export function excludedPathProblem(entry: string): string | undefined {
  const [first = '', second, ...rest] = entry.split(' ');
  const [method, path] = second === undefined ? [undefined, first] : [first, second];
  if (rest.length === 0 && /^\/[^?#\s]*$/.test(path) && (method === undefined || METHODS.includes(method))) {
    return undefined;
  }
  return 'matches no request; write the whole path, prefix and version included, without a query: "/health" or "GET /health"';
}
