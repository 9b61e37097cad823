import { SIGNING_ALGORITHM } from '../tokens/signing-key.js';

/** Where the plane shows its public key. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** Members that both metadata documents have. */
export interface AuthorizationServerDocument {
  /** The plane's URL, the `iss` of its tokens. */
  readonly issuer: string;
  /** Where its public key is. */
  readonly jwks_uri: string;
  /** Required in both documents. No endpoint answers it: see {@link authorizationServerDocument}. */
  readonly response_types_supported: readonly string[];
}

/**
 * The metadata of RFC 8414. It names no authorization and no token endpoint, because there is none: tokens come from the
 * command or the library. Issuers that only sign, such as a Kubernetes API server, publish the same shape.
 *
 * @param url the plane's URL
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
 */
export function authorizationServerDocument(url: string): AuthorizationServerDocument {
  return { issuer: url, jwks_uri: `${url}${JWKS_PATH}`, response_types_supported: ['id_token'] };
}

/**
 * The metadata of OpenID Connect Discovery.
 *
 * @param url the plane's URL
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
export function openidDocument(url: string): AuthorizationServerDocument & Readonly<Record<string, unknown>> {
  return {
    ...authorizationServerDocument(url),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [SIGNING_ALGORITHM],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'name', 'email', 'projects'],
  };
}
