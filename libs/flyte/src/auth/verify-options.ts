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
  /**
   * How long a token that was verified is taken for valid without another look, in seconds; never beyond its expiry. 60 if
   * not given, 0 for never. A key that its issuer has withdrawn is honoured for so long.
   */
  readonly cacheSeconds?: number;
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
