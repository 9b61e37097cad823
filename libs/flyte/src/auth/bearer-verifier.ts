import { outsideRequests } from './outside-requests.js';
import type { VerifyOptions } from './verify-options.js';
import { VerifiedTokens } from '../protocol/verified-tokens.js';

/**
 * Checks a bearer token. A promise for one that has to be looked at: it resolves where the token is valid. Nothing for one
 * that was found valid a moment ago.
 *
 * @throws FlyteError `unauthenticated` for a token that does not hold, `unavailable` where the keys can't be had. No message
 * quotes the token.
 */
export type BearerVerifier = (token: string) => Promise<void> | undefined;

const DEFAULT_CACHE_SECONDS = 60;

/** Makes the check. What verifies signatures is loaded with the first token. */
export function createBearerVerifier(options: VerifyOptions): BearerVerifier {
  const load = once(() => outsideRequests(async () => (await import('./jwt-verifier.js')).createJwtVerifier(options)));
  const known = new VerifiedTokens<true>((options.cacheSeconds ?? DEFAULT_CACHE_SECONDS) * 1000);
  return (token) => {
    if (known.get(token)) return undefined;
    return load().then(async (verify) => known.add(token, await verify(token), true));
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
