import type { AuthorizationServer } from 'oauth4webapi';
import * as z from 'zod';
import { createAuthMetadata } from '../../auth/auth-metadata.js';
import { outsideRequests } from '../../auth/outside-requests.js';
import { isSafeUrl } from '../../auth/safe-url.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { Redactor } from '../../protocol/redactor.js';
import { redact } from '../connection/redact.js';
import { askIssuer, shownUrl } from './issuer-request.js';

/** What is asked of a token endpoint. */
export interface TokenRequest {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: 'basic' | 'post';
  /** Besides the grant and the client: `scope`, `audience`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What it gave. */
export interface GrantedToken {
  readonly token: string;
  /** In milliseconds, where it says. */
  readonly lifetimeMs: number | undefined;
}

/** RFC 6749, section 5.2. */
const Refusal = z.object({ error: z.string(), error_description: z.string().optional() });
/** How much of it is told. */
const MOST_CHARACTERS = 400;

const ADVICE: Readonly<Record<string, string>> = {
  invalid_client:
    'See whether "clientId" and "clientSecret" of clientCredentials are right, and whether the issuer wants the other "clientAuthentication".',
  unauthorized_client: 'Allow this client the grant "client_credentials" there.',
  unsupported_grant_type: 'Allow the grant "client_credentials" there.',
  invalid_scope: 'Give clientCredentials the "scopes" that this client may ask for.',
};

/**
 * Asks a token endpoint for a token by the grant of client credentials (RFC 6749, section 4.4).
 *
 * @throws FlyteError `unauthenticated` with what the issuer says where it refuses; `unavailable` where it does not answer;
 * `failed_precondition` where it has no safe endpoint; `internal` for an answer that is none. The secret is in none of them
 */
export async function requestToken(server: AuthorizationServer, request: TokenRequest): Promise<GrantedToken> {
  const { clientId, clientSecret, clientAuthentication, parameters } = request;
  const url = server.token_endpoint ?? '';
  if (!isSafeUrl(url)) {
    throw new FlyteError(
      'failed_precondition',
      `The issuer ${server.issuer} names no token endpoint with "https://", and a client's secret is sent to no other. ` +
        'Give clientCredentials the option "tokenEndpoint".',
      { fault: 'operator' },
    );
  }
  const oauth = await outsideRequests(() => import('oauth4webapi'));
  const client = { client_id: clientId };
  const prove = (clientAuthentication === 'post' ? oauth.ClientSecretPost : oauth.ClientSecretBasic)(clientSecret);
  const response = await askIssuer(url, (options) =>
    oauth.clientCredentialsGrantRequest(server, client, prove, { ...parameters }, options),
  );
  if (response.status >= 400) {
    const basic = new Headers();
    await oauth.ClientSecretBasic(clientSecret)(server, client, new URLSearchParams(), basic);
    const sent = createAuthMetadata({ authorization: basic.get('authorization') ?? undefined });
    throw await refused(url, clientId, response, (text) => new Redactor([clientSecret]).redact(redact(text, sent)));
  }
  try {
    const answer = await oauth.processClientCredentialsResponse(server, client, response);
    if (answer.token_type !== 'bearer') throw new Error('a token of another type');
    const { access_token: token, expires_in: seconds } = answer;
    return { token, lifetimeMs: seconds === undefined ? undefined : seconds * 1000 };
  } catch {
    // What is wrong with it may quote it, with a token.
    throw new FlyteError(
      'internal',
      `${shownUrl(url)} answered with HTTP ${response.status}, and not as a token endpoint that gives a bearer token. See ` +
        'whether "issuer" or "tokenEndpoint" of clientCredentials is the right one.',
      { fault: 'operator' },
    );
  }
}

async function refused(
  url: string,
  clientId: string,
  response: Response,
  redacted: (text: string) => string,
): Promise<FlyteError> {
  const body: unknown = await response.json().catch(() => undefined);
  const { success, data } = Refusal.safeParse(body);
  const said = success ? [data.error, data.error_description].filter(Boolean).join(': ') : `HTTP ${response.status}`;
  const shown = redacted(said).replaceAll(/\s+/g, ' ').slice(0, MOST_CHARACTERS);
  const advice = ADVICE[success ? data.error : ''] ?? 'See what it wants of this client.';
  return new FlyteError(
    'unauthenticated',
    `The issuer at ${shownUrl(url)} gave the client ${JSON.stringify(clientId)} no token: ${shown}. ${advice}`,
    { fault: 'operator' },
  );
}

/**
 * An issuer's metadata, by OpenID Connect Discovery, else by RFC 8414, for those that are no OpenID providers.
 *
 * @throws FlyteError `unavailable` where it does not answer, `failed_precondition` where it has no metadata of its name
 */
export async function discoverIssuer(issuer: string): Promise<AuthorizationServer> {
  const oauth = await outsideRequests(() => import('oauth4webapi'));
  const url = new URL(issuer);
  const ask = (algorithm: 'oidc' | 'oauth2'): Promise<Response> =>
    askIssuer(issuer, (options) => oauth.discoveryRequest(url, { ...options, algorithm }));
  const first = await ask('oidc');
  const response = first.ok ? first : await ask('oauth2');
  try {
    return await oauth.processDiscoveryResponse(url, response);
  } catch {
    throw new FlyteError(
      'failed_precondition',
      `The issuer ${JSON.stringify(issuer)} has no metadata of its name: HTTP ${response.status}. Correct "issuer" of ` +
        'clientCredentials, or give "tokenEndpoint" in its place.',
      { fault: 'operator' },
    );
  }
}
