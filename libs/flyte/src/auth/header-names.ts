import { FlyteError } from '../errors/flyte-error.js';

const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Names, and beginnings of names where they end in `*`. */
function names(text: string): (name: string) => boolean {
  const patterns = text.trim().split(/\s+/);
  const whole = new Set(patterns);
  const beginnings = patterns.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (name) => whole.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}

/** How many names are remembered: an app has a few, and only an extractor of its own may take them from requests. */
const MOST_REMEMBERED = 256;

/** Remembers what a function of a name gave: each request is asked about the same few. What it throws is not kept. */
function remembering<T>(decide: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const decided = decide(name);
    if (known.size < MOST_REMEMBERED) known.set(name, decided);
    return decided;
  };
}

// Headers by which a proxy in front of Flyte, or the protocol itself, would be told something that only they may say.
// flyteorg/flyte runs/service/identity.go: a load balancer's claims headers win over Authorization. The second list is
// what proxies that authenticate people tell of them: AWS, oauth2-proxy, Google's IAP and Endpoints, Cloudflare Access,
// Azure, Pomerium, Envoy, Authelia, authentik, Tailscale, Kubernetes, Kong, Vouch, mod_auth_openidc, web servers with REMOTE_USER or client certificates.
const isProtocols = names(`
  :* accept accept-charset accept-encoding connection connect-* content-* expect grpc-* host http2-settings keep-alive
  proxy-* sec-websocket-* te trailer trailers transfer-encoding upgrade user-agent`);
const isProxys = names(`
  forwarded x-forwarded-* x-real-ip x-client-ip true-client-ip cf-connecting-ip x-original-*
  x-amzn-oidc-* x-amzn-mtls-* x-auth-request-* x-goog-iap-* x-goog-authenticated-user-* x-endpoint-api-userinfo x-apigateway-api-userinfo x-appengine-*
  oidc-* x-consumer-* x-credential-identifier x-vouch-* x-userinfo
  cf-access-* x-ms-client-principal* x-ms-token-* x-pomerium-* x-envoy-* remote-* x-remote-* x-webauth-* x-authentik-*
  tailscale-* impersonate-* ssl-client-* x-ssl-* client-cert* x-client-cert* x-client-verify x-client-dn`);
// By these a client shows Cloudflare Access a service token. It checks them, and keeps them to itself.
const isForProxy = names('cf-access-client-id cf-access-client-secret');

// What a browser, a proxy or a tracer adds to anybody's request. Other sites may send the browser's ones, too.
const isNobodys = names(`
  accept-language cache-control date dnt from if-* origin pragma priority range referer sec-ch-* sec-fetch-* sec-gpc
  upgrade-insecure-requests via x-requested-with
  last-event-id save-data dpr viewport-width downlink ect rtt device-memory purpose sec-purpose access-control-request-*
  traceparent tracestate baggage b3 x-b3-* x-request-id request-id x-correlation-id correlation-id x-trace-id
  x-cloud-trace-context x-amzn-trace-id uber-trace-id sentry-trace x-datadog-* x-ot-span-context`);

const CREDENTIAL =
  /(^|-)(auth|jwt|pat|sid)(-|$)|authenticat|authoriz|cookie|token|secret|passw|bearer|dpop|oauth|(api|access|private|subscription|functions)-?key|session|credential|assertion|signature/;

/**
 * The lower-case form of a header's name, if credentials may travel under it.
 *
 * @throws FlyteError `misuse` for a name that is not a header's, or that would speak for someone else: pseudo and
 * hop-by-hop headers, `host`, `content-*`, `connect-*`, `grpc-*`, `user-agent` and those that proxies set, also with `_`
 * for `-`, as servers that put headers into variables can't tell these apart.
 */
export const checkHeaderName = remembering((name: string): string => {
  const lower = name.toLowerCase();
  const dashed = lower.replaceAll('_', '-');
  if (isProtocols(dashed) || (isProxys(dashed) && !isForProxy(lower))) {
    throw new FlyteError(
      'misuse',
      `The header ${JSON.stringify(lower)} can't carry a credential: a proxy or the protocol itself sets it. ` +
        'Use a header of your own, such as "x-api-key".',
    );
  }
  if (!TOKEN.test(lower)) {
    throw new FlyteError(
      'misuse',
      `${JSON.stringify(name)} is not the name of an HTTP header. Use one like "x-api-key".`,
    );
  }
  return lower;
});

/** Whether a header, by its lower-case name, can say who sent a request; one of a tracer, say, can't. */
export const mayAuthenticate = remembering((name: string): boolean => !isNobodys(name.replaceAll('_', '-')));

/** Why a header may not be named in `forwardHeaders`, or undefined if it may. */
export function forwardProblem(name: string): string | undefined {
  let lower: string;
  try {
    lower = checkHeaderName(name);
  } catch {
    return 'a proxy or the protocol itself sets it, or it is not the name of a header';
  }
  if (lower !== name) return 'write it in lower case';
  if (CREDENTIAL.test(lower.replaceAll('_', '-'))) {
    return 'it carries a credential, which an extractor finds: use "headerExtractors"';
  }
  return undefined;
}
