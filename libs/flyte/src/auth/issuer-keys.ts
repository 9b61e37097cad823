import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { isSafeUrl } from './safe-url.js';

const FETCH_TIMEOUT_MS = 5_000;
/** Keys of this age are fetched again, so that one that was withdrawn is forgotten. */
const REFRESH_MS = 10 * 60_000;
/** While an issuer is away, the keys that it gave last are good for this long. */
const KEEP_MS = 24 * 60 * 60_000;
/** Keys are not fetched more often than this because a token names an unknown one: anybody can write such tokens. */
const COOLDOWN_MS = 30_000;
/** How long a failing issuer is left alone: this long after its first failure, each time twice as long, up to the last. */
const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 30_000;

interface Keys {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAt: number;
}
interface Failure {
  readonly error: unknown;
  readonly at: number;
  readonly backoffMs: number;
}

/**
 * The public keys of an issuer: fetched when the first token comes, and again when they are old or a token names one
 * that is not among them. At most one fetch is under way, and a failing issuer is asked less and less often.
 *
 * @returns what finds the key of a token; it throws an error of `jose` where the keys have none that fits, and whatever
 * the last fetch failed with where there are no keys
 */
export function issuerKeys({ issuer, jwksUri }: KeySource): JWTVerifyGetKey {
  let uri = jwksUri;
  let keys: Keys | undefined;
  let failure: Failure | undefined;
  let underWay: Promise<Keys> | undefined;

  const age = (at: number): number => Math.abs(Date.now() - at); // clocks are set back, too

  const fetchNow = async (): Promise<Keys> => {
    try {
      uri ??= await discover(issuer ?? '');
      keys = { find: await fetchKeys(uri), fetchedAt: Date.now() };
      failure = undefined;
      return keys;
    } catch (error) {
      const backoffMs = failure ? Math.min(failure.backoffMs * 2, LAST_BACKOFF_MS) : FIRST_BACKOFF_MS;
      failure = { error, at: Date.now(), backoffMs };
      uri = jwksUri; // they may have moved
      throw error;
    } finally {
      underWay = undefined;
    }
  };
  const refresh = async (): Promise<Keys> => {
    if (failure && age(failure.at) < failure.backoffMs) throw failure.error;
    return (underWay ??= fetchNow());
  };
  const current = async (): Promise<Keys> => {
    if (keys && age(keys.fetchedAt) < REFRESH_MS) return keys;
    try {
      return await refresh();
    } catch (error) {
      if (keys && age(keys.fetchedAt) < KEEP_MS) return keys;
      throw error;
    }
  };

  return async (header, token) => {
    const { find } = await current();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Another token may have had them fetched just now.
      const newer = keys && age(keys.fetchedAt) < COOLDOWN_MS ? keys : await refresh();
      return newer.find(header, token);
    }
  };
}

/** Where the keys are: at a URL, or where an issuer's discovery document says. */
export interface KeySource {
  readonly issuer?: string;
  readonly jwksUri?: string;
}

/** One fetch, by `jose`; it is {@link issuerKeys} who decides when the next one is due. */
async function fetchKeys(uri: string): Promise<JWTVerifyGetKey> {
  const keys = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  });
  await keys.reload();
  return keys;
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** OpenID Connect Discovery 1.0, section 4; the issuer it names must be the one that was asked (section 4.3). */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const document = Discovery.parse(await answer.json());
  if (document.issuer !== issuer) throw new Error(`${url} speaks for another issuer: ${document.issuer}`);
  if (!isSafeUrl(document.jwks_uri)) throw new Error(`${url} names keys at a URL that is not https://`);
  return document.jwks_uri;
}
