import { errors, jwtVerify, type JWTPayload } from 'jose';
import { VerifiedTokens } from 'nestjs-flyte/protocol';
import type { Caller } from './caller.js';
import { SIGNING_ALGORITHM, type SigningKey } from './signing-key.js';

/** How long a token is not looked at again, in milliseconds; a signature costs as much as the rest of a call. */
const REMEMBERED_MS = 60_000;

/** A token was refused. The message says why and never holds any part of the token. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/**
 * Makes the check of tokens.
 *
 * The issuer is not compared: it is the plane's URL, and the port may differ between starts. It needs no comparing
 * either, because the key belongs to one state folder and signs for nobody else.
 *
 * @param key the plane's key; its algorithm is pinned, so neither `none` nor an HMAC under the public key passes
 * @param audience the only audience that passes
 * @returns a function that answers who holds a token, and throws {@link TokenRefused}
 */
export function tokenVerifier(key: SigningKey, audience: string): (token: string) => Promise<Caller> {
  const known = new VerifiedTokens<Caller>(REMEMBERED_MS);
  return async (token) => {
    const before = known.get(token);
    if (before) return before;
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [SIGNING_ALGORITHM],
        audience,
        typ: 'JWT',
        requiredClaims: ['sub', 'iat', 'exp'],
      });
      const caller = toCaller(payload);
      known.add(token, payload.exp ?? 0, caller);
      return caller;
    } catch (error) {
      // Fixed texts, and no cause: an error of the JWT library may carry the claims.
      throw new TokenRefused(reasonOf(error, audience));
    }
  };
}

function toCaller(payload: JWTPayload): Caller {
  const { sub, name, email, projects } = payload;
  if (typeof sub !== 'string' || sub === '') throw new TypeError('a token without a subject');
  if (projects !== undefined && !isTexts(projects)) throw new TypeError('projects is no list of texts');
  return {
    subject: sub,
    name: typeof name === 'string' ? name : '',
    email: typeof email === 'string' ? email : '',
    projects: projects === undefined ? undefined : new Set(projects),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function reasonOf(error: unknown, audience: string): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired. Mint a new one.';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    return `The token is not for the audience ${JSON.stringify(audience)} of this control plane.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The token was not signed by this control plane. Mint one with the state folder that it runs on.';
  }
  return 'The token is not one that this control plane signs.';
}
