import { createHash } from 'node:crypto';

/** How many tokens are remembered: as many callers as one process has within a minute or so. About 2 MB. */
const MOST_TOKENS = 10_000;

/**
 * Tokens that were verified, for a short while: each by a digest, so that no token is kept in memory. The oldest make room.
 */
export class VerifiedTokens {
  /** Until when each holds, in milliseconds since 1970. */
  readonly #known = new Map<string, number>();

  /** @param maxAgeMs how long a token is remembered, in milliseconds; 0 for not at all */
  constructor(private readonly maxAgeMs: number) {}

  /** Whether a token was verified a moment ago, and has not expired since. */
  has(token: string): boolean {
    if (this.#known.size === 0) return false;
    const digest = digestOf(token);
    const until = this.#known.get(digest);
    if (until === undefined) return false;
    if (Date.now() < until) return true;
    this.#known.delete(digest);
    return false;
  }

  /** @param expiry of the token, in seconds since 1970 */
  add(token: string, expiry: number): void {
    if (this.maxAgeMs <= 0) return;
    const [oldest] = this.#known.size < MOST_TOKENS ? [] : this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(digestOf(token), Math.min(Date.now() + this.maxAgeMs, expiry * 1000));
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
