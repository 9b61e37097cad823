import type { AuthMetadata } from './auth-metadata.js';
import { mayAuthenticate } from './header-names.js';
import type { InboundRequest } from './inbound-request.js';

// What browsers add by themselves once they know it: as ambient as a cookie.
const AMBIENT_SCHEME = /^(basic|digest|negotiate|ntlm)(\s|$)/i;

/**
 * Whether nothing but what a browser sends by itself, also from other sites, authenticates a request: cookies, and
 * `Authorization` with a scheme that browsers speak. Nothing else was found, or what was found stands in none of its
 * headers, as a token does that an extractor reads from the session which a cookie names.
 */
export function isAmbient(found: AuthMetadata, { headers }: InboundRequest): boolean {
  const ambient = ([name, value]: readonly [string, string]): boolean =>
    name === 'cookie' || (name === 'authorization' && AMBIENT_SCHEME.test(value.trim()));
  const deliberate = headers.filter((header) => mayAuthenticate(header[0]) && !ambient(header));
  return headers.some(ambient) && !deliberate.some(([name]) => found.names.includes(name));
}

/**
 * Whether a browser says that the page which sent a request came from where the request went, or from an origin that
 * the option `trustedOrigins` names (OWASP: CSRF, "verifying origin").
 *
 * @see https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function isFromOwnSite(request: InboundRequest, trustedOrigins: readonly string[]): boolean {
  const origins = request.valuesOf('origin');
  const sites = request.valuesOf('sec-fetch-site');
  // No browser sends either twice: which of them would it mean?
  if (origins.length > 1 || sites.length > 1) return false;
  const [origin] = origins;
  if (origin !== undefined && trustedOrigins.includes(origin)) return true;
  const [site] = sites;
  if (site !== undefined) return site === 'same-origin';
  // RFC 9113, 8.3.1: over HTTP/2, Host says nothing where :authority is.
  const [host] = [...request.valuesOf(':authority'), ...request.valuesOf('host')];
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  // Which of the two it is, is not compared: behind a proxy that ends TLS this side can't know it.
  return (protocol === 'https:' || protocol === 'http:') && from === host.toLowerCase();
}

/** Why a text is not an origin as browsers send it (RFC 6454, 6.2), or undefined if it is. */
export function originProblem(text: string): string | undefined {
  // URL takes a wildcard for a letter.
  if (text.includes('*')) return 'has no wildcard: name each origin';
  const { origin, protocol } = URL.canParse(text) ? new URL(text) : { origin: 'null', protocol: '' };
  if (protocol !== 'https:' && protocol !== 'http:') return 'is a scheme and a host, such as "https://app.example.com"';
  return origin === text ? undefined : `is written as browsers send it: ${JSON.stringify(origin)}`;
}
