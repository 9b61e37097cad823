import { errors, jwtVerify } from 'jose';
import { FlyteError } from '../errors/flyte-error.js';
import { ASYMMETRIC_ALGORITHMS, type VerifyOptions } from './verify-options.js';
import { issuerKeys } from './issuer-keys.js';

const DEFAULT_CLOCK_TOLERANCE_SECONDS = 5;

/**
 * Makes what looks at a token.
 *
 * @returns a function that gives the expiry of a valid token, in seconds since 1970, and otherwise throws a FlyteError:
 * `unauthenticated` for a token that does not hold, `unavailable` where the keys can't be had. No message quotes the token.
 */
export function createJwtVerifier(options: VerifyOptions): (token: string) => Promise<number> {
  const keys = issuerKeys(options);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: typeof options.audience === 'string' ? options.audience : [...options.audience],
        algorithms: [...(options.algorithms ?? ASYMMETRIC_ALGORITHMS)],
        clockTolerance: options.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
      });
      return payload.exp ?? 0;
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
