import { METHODS } from 'node:http';
import { FlyteError } from '../errors/flyte-error.js';
import type { HttpRequestLine } from './inbound-request.js';

/**
 * Compiles `excludedPaths`. A path is compared, as it came over the wire and up to `?`, letter by letter: whatever an
 * adapter would decode, normalise or ignore about it stays closed.
 *
 * @param paths `'/health'` for any method, or `'GET /health'`
 * @returns whether a request is excluded
 * @throws FlyteError `invalid_configuration` for an entry that could never match
 */
export function compileExcludedPaths(paths: readonly string[]): (line: HttpRequestLine) => boolean {
  const excluded = new Set(paths.map(check));
  return ({ method, target, rewritten }) => {
    // A handler reached by a rewritten path is not the one that was named.
    if (rewritten) return false;
    const [path = ''] = target.split('?', 1);
    return excluded.has(path) || excluded.has(`${method} ${path}`);
  };
}

function check(entry: string): string {
  const [first = '', second, ...rest] = entry.split(' ');
  const [method, path] = second === undefined ? [undefined, first] : [first, second];
  if (rest.length > 0 || !/^\/[^?#\s]*$/.test(path) || (method !== undefined && !METHODS.includes(method))) {
    throw new FlyteError(
      'invalid_configuration',
      `Option "excludedPaths": ${JSON.stringify(entry)} matches no request. ` +
        'Write the whole path, prefix and version included, without a query: "/health" or "GET /health".',
    );
  }
  return entry;
}
