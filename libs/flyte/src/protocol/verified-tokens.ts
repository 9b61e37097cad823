import { hash } from 'node:crypto';

/** How many tokens are remembered: as many callers as one process has within a minute or so. About 2 MB. */
const MOST_TOKENS = 10_000;

/**
 * Tokens that were verified, for a short while, and what was learnt of each. A token is known by a digest, so that none is kept
 * in memory. The oldest make room.
 */
export class VerifiedTokens<T> {
  readonly #known = new Map<string, { readonly learnt: T; readonly until: number }>();

  /** @param maxAgeMs how long a token is remembered, in milliseconds; 0 for not at all */
  constructor(private readonly maxAgeMs: number) {}

  /** What was learnt of a token that was verified a moment ago and has not expired since; undefined of any other. */
  get(token: string): T | undefined {
    if (this.#known.size === 0) return undefined;
    const digest = digestOf(token);
    const found = this.#known.get(digest);
    if (!found) return undefined;
    if (Date.now() < found.until) return found.learnt;
    this.#known.delete(digest);
    return undefined;
  }

  /**
   * Remembers a token that holds.
   *
   * @param expiry of the token, in seconds since 1970
   */
  add(token: string, expiry: number, learnt: T): void {
    if (this.maxAgeMs <= 0) return;
    const [oldest] = this.#known.size < MOST_TOKENS ? [] : this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
    const until = Math.min(Date.now() + this.maxAgeMs, expiry * 1000);
    this.#known.set(digestOf(token), { learnt, until });
  }
}

function digestOf(token: string): string {
  // In one call: an object that takes data bit by bit costs nearly twice as much.
  return hash('sha256', token, 'base64');
}
