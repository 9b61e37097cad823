import type { InboundRequest } from './inbound-request.js';

/**
 * Whether a browser says that the page which sent a request came from where the request went. Cookies travel on other
 * sites' requests too, so one that only a cookie authenticates must show this (OWASP: CSRF, "verifying origin").
 *
 * @see https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function isSameOrigin({ headers }: InboundRequest): boolean {
  const value = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  const site = value('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = value('origin');
  const host = value('host') ?? value(':authority');
  // The scheme is not compared: behind a proxy that ends TLS this side can't know it.
  return (
    origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
  );
}
