import { FlyteError } from '../errors/flyte-error.js';
import type { ObjectPlace, StoreProblem } from './object-store.js';

const NO_BUCKET = new Set(['NoSuchBucket', 'ContainerNotFound']);
// S3, and Azure's login, answer these with 400.
const REFUSED = new Set(['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired', 'AuthenticationError']);
const WORD = /^[\w.-]{1,64}$/;

/**
 * What a caller is told of a store's failure.
 *
 * @param what the beginning of the message
 * @param identity who asked whom
 */
export function storeFailure(what: string, problem: StoreProblem, place: ObjectPlace, identity: string): FlyteError {
  const { status, advice } = problem;
  const code = problem.code !== undefined && WORD.test(problem.code) ? problem.code : undefined;
  const seen = [status, code].filter((part) => part !== undefined).join(' ') || 'no answer';
  const [bucket, key] = [JSON.stringify(place.bucket), JSON.stringify(place.key)];
  const asked = `Asked as ${identity}.`;
  if (advice !== undefined) {
    return new FlyteError('unauthenticated', `${what}: no credentials were found (${seen}). ${advice}`);
  }
  if (status === 404) {
    const absent = NO_BUCKET.has(code ?? '') ? `there is no bucket ${bucket}` : `there is no ${key} in ${bucket}`;
    return new FlyteError('not_found', `${what}: ${absent} (${seen}). ${asked}`);
  }
  if (status === 401 || status === 403 || REFUSED.has(code ?? '')) {
    return new FlyteError(
      'permission_denied',
      `${what}: the store refuses (${seen}): key ${key}, bucket ${bucket}. ${asked} ` +
        'Check that these are the credentials you mean, and what they may do there.',
    );
  }
  if (status === 412) return new FlyteError('aborted', `${what}: it was written anew meanwhile (${seen}).`);
  const passing = status === undefined || status === 408 || status === 429 || status >= 500;
  return new FlyteError(passing ? 'unavailable' : 'failed_precondition', `${what}: ${seen}. ${asked}`);
}
