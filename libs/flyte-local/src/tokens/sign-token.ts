import { SignJWT } from 'jose';
import { FlyteError } from 'nestjs-flyte/protocol';
import { SIGNING_ALGORITHM, type SigningKey } from './signing-key.js';

/** How long a token lives when nothing else is said, in seconds. */
export const DEFAULT_EXPIRES_IN_SECONDS = 3600;

/** What a token says of its holder. */
export interface TokenClaims {
  /** Full name, as `name` of UserInfo. */
  readonly name?: string | undefined;
  /** E-mail address, as `email` of UserInfo. */
  readonly email?: string | undefined;
  /**
   * The only projects that the token may touch; every other one is `permission_denied`. An empty list means none, no
   * list means all.
   */
  readonly projects?: readonly string[] | undefined;
  /** Whom the token is for. A plane refuses any audience but its own. */
  readonly audience?: string | undefined;
  /**
   * Seconds until the token expires, one hour by default. Zero or less makes a token that has expired already, to test
   * how a client takes that.
   */
  readonly expiresInSeconds?: number | undefined;
}

/**
 * Signs a token.
 *
 * @param key the plane's key
 * @param issuer the plane's URL
 * @param subject who holds the token: 1 to 255 characters, none of them a control character (OpenID Connect's limit)
 * @param claims what else it says; `audience` is required here
 * @throws FlyteError `misuse` if a claim has a wrong form
 */
export async function signToken(
  key: SigningKey,
  issuer: string,
  subject: string,
  claims: TokenClaims & { readonly audience: string },
): Promise<string> {
  const { name, email, projects, audience, expiresInSeconds = DEFAULT_EXPIRES_IN_SECONDS } = claims;
  requireText('subject', subject);
  requireText('audience', audience);
  if (name !== undefined) requireText('name', name);
  if (email !== undefined) requireText('email', email);
  for (const project of projects ?? []) requireText('project', project);
  if (!Number.isSafeInteger(expiresInSeconds)) {
    throw new FlyteError('misuse', `expiresInSeconds is ${expiresInSeconds}, and must be a whole number of seconds.`);
  }
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ name, email, projects })
    .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'JWT', kid: key.id })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresInSeconds)
    .sign(key.privateKey);
}

function requireText(claim: string, value: unknown): void {
  // A control character could forge a second line in a log.
  // oxlint-disable-next-line no-control-regex
  if (typeof value === 'string' && value.length > 0 && value.length <= 255 && !/[\u0000-\u001f\u007f]/.test(value)) {
    return;
  }
  throw new FlyteError(
    'misuse',
    `The ${claim} of a token must have 1 to 255 characters, none of them a control character.`,
  );
}
