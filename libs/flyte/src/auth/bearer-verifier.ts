import { errors, jwtVerify } from 'jose';
import { FlyteError } from '../errors/flyte-error.js';
import { issuerKeys } from './issuer-keys.js';

/** How the guard checks bearer tokens before anything is forwarded. */
export interface VerifyOptions {
  /** The issuer's URL. Its discovery document names the keys, unless `jwksUri` does, and tokens must be issued by it. */
  readonly issuer?: string;
  /** Where the public keys are. Without `issuer`, any issuer that signs with them is accepted. */
  readonly jwksUri?: string;
  /** Whom a token must be meant for: one of these. Required, as a token for another service is no credential here. */
  readonly audience: string | readonly string[];
  /** By how much clocks may differ, in seconds. 5 if not given. */
  readonly clockToleranceSeconds?: number;
  /** Signature algorithms, asymmetric ones only. All that `jose` knows and that are safe, if not given. */
  readonly algorithms?: readonly string[];
  /** Names of headers that travel beside the verified bearer token, such as `cookie`. None if not given. */
  readonly alsoForward?: readonly string[];
}

/**
 * Signature algorithms with a public key. A symmetric one, or `none`, would let whoever knows the public key sign.
 *
 * @see https://www.iana.org/assignments/jose/jose.xhtml
 */
export const ASYMMETRIC_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;

const DEFAULT_CLOCK_TOLERANCE_SECONDS = 5;

/**
 * Makes the check.
 *
 * @returns a function that resolves for a valid token and otherwise throws a FlyteError: `unauthenticated` for a token that
 * does not hold, `unavailable` where the keys can't be had. No message quotes the token.
 */
export function createBearerVerifier(options: VerifyOptions): (token: string) => Promise<void> {
  const keys = issuerKeys(options);
  return async (token) => {
    try {
      await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: typeof options.audience === 'string' ? options.audience : [...options.audience],
        algorithms: [...(options.algorithms ?? ASYMMETRIC_ALGORITHMS)],
        clockTolerance: options.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
      });
    } catch (error) {
      if (isTokensFault(error))
        throw new FlyteError('unauthenticated', `The bearer token is not valid: ${reason(error)}.`);
      throw new FlyteError(
        'unavailable',
        'The keys that verify bearer tokens can not be had at the moment. Try again.',
        {
          detail: error instanceof Error ? error.message : undefined,
        },
      );
    }
  };
}

function isTokensFault(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    // What the key server answers badly, `jose` reports by its base class.
    error.code !== 'ERR_JOSE_GENERIC'
  );
}

function reason(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim "${error.claim}" is not accepted`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'no key of its issuer signed it';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not hold';
  return 'it is malformed';
}
