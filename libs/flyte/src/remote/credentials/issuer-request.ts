import { outsideRequests } from '../../auth/outside-requests.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { loadRetry } from '../connection/load-retry.js';

/** How long all tries of one request may take, in milliseconds. */
const TIMEOUT_MS = 15_000;
const RETRIES = 2;

/** What `oauth4webapi` takes with each request. */
export interface IssuerRequestOptions {
  readonly signal: AbortSignal;
  readonly [allowInsecure: symbol]: boolean;
}

/**
 * Asks an issuer over HTTP, and again where the network or the issuer fails. Redirections are not followed.
 *
 * @param url that {@link isSafeUrl} found safe, plaintext to this machine included
 * @throws FlyteError `unavailable` after three tries or 15 seconds
 */
export async function askIssuer(
  url: string,
  ask: (options: IssuerRequestOptions) => Promise<Response>,
): Promise<Response> {
  const { allowInsecureRequests } = await outsideRequests(() => import('oauth4webapi'));
  const pRetry = await loadRetry();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await pRetry(
      async () => {
        const answer = await ask({ signal, [allowInsecureRequests]: url.startsWith('http:') });
        if (answer.status < 500 && answer.status !== 429) return answer;
        await answer.body?.cancel();
        throw new Error(`HTTP ${answer.status}`);
      },
      { retries: RETRIES, minTimeout: 200, maxTimeout: 1_000, randomize: true, signal },
    );
  } catch (error) {
    const detail = signal.aborted ? `no answer within ${TIMEOUT_MS} ms` : reasonOf(error);
    throw new FlyteError(
      'unavailable',
      `The issuer of the app's own tokens at ${shownUrl(url)} can't be asked at the moment. Try again.`,
      { detail },
    );
  }
}

/** A URL for a message: its path and its query may hold anything. */
export function shownUrl(url: string): string {
  return new URL(url).origin;
}

/** What the network said: its code says it, and its text may quote headers. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return /^HTTP \d{3}$/.test(error.message) ? error.message : error.name;
}
