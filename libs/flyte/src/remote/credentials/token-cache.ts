import type { AuthMetadata } from '../../auth/auth-metadata.js';
import type { GiveCredentials } from '../options/service-login.js';

/** A token that was just given. */
export interface FreshToken {
  readonly credentials: AuthMetadata;
  /** For how long it is good, in milliseconds; undefined where nobody says: until Flyte refuses it. */
  readonly lifetimeMs: number | undefined;
}

/** A token is renewed this long before its end, or after three quarters of a shorter life, while it is still given. */
const RENEWED_BEFORE_MS = 60_000;
/** A token is given no more this long before its end: it has a way to go, and clocks differ. */
const KEPT_BACK_MS = 5_000;

/**
 * Keeps a token for its lifetime. However many calls need another one, one is fetched; a call waits for it only where the
 * one at hand is at its end or was refused, so that an issuer that is away for a moment is noticed by nobody.
 */
export function cached(fetchToken: () => Promise<FreshToken>): GiveCredentials {
  let kept: { readonly credentials: AuthMetadata; readonly renewAt: number; readonly endAt: number } | undefined;
  let underWay: Promise<AuthMetadata> | undefined;

  const fetchNow = async (): Promise<AuthMetadata> => {
    const asked = Date.now();
    try {
      const { credentials, lifetimeMs = Infinity } = await fetchToken();
      const end = asked + lifetimeMs;
      kept = {
        credentials,
        renewAt: end - Math.min(RENEWED_BEFORE_MS, lifetimeMs / 4),
        endAt: end - Math.min(KEPT_BACK_MS, lifetimeMs / 10),
      };
      return credentials;
    } finally {
      underWay = undefined;
    }
  };
  const renew = async (): Promise<AuthMetadata> => (underWay ??= fetchNow());

  return async (refused) => {
    const now = Date.now();
    if (!kept || now >= kept.endAt || kept.credentials.fingerprint === refused?.fingerprint) return renew();
    // The one at hand is still good, and the next call tries again.
    if (now >= kept.renewAt) renew().catch(() => undefined);
    return kept.credentials;
  };
}
