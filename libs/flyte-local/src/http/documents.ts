import { JWKS_PATH, authorizationServerDocument, openidDocument } from '../services/discovery.js';
import type { JWK } from 'jose';

/** An answer of one of the plane's plain HTTP routes. */
export interface Document {
  /** The HTTP status. */
  readonly status: number;
  /** The body, sent as JSON. */
  readonly body: unknown;
}

/** The plain HTTP routes by path; all of them are public and answer GET and HEAD. */
export type Documents = ReadonlyMap<string, () => Document>;

/** What {@link planeDocuments} takes. */
export interface PlaneDocumentsOptions {
  /** The plane's URL. */
  readonly url: () => string;
  /** The public key of its tokens. */
  readonly publicJwk: JWK;
  /** Whether the plane can serve calls now. */
  readonly isReady: () => boolean;
}

/** Makes the plain HTTP routes: health, discovery and the public key. */
export function planeDocuments({ url, publicJwk, isReady }: PlaneDocumentsOptions): Documents {
  return new Map<string, () => Document>([
    ['/healthz', () => ok({ status: 'ok' })],
    ['/readyz', () => (isReady() ? ok({ status: 'ok' }) : { status: 503, body: { status: 'unavailable' } })],
    ['/.well-known/openid-configuration', () => ok(openidDocument(url()))],
    ['/.well-known/oauth-authorization-server', () => ok(authorizationServerDocument(url()))],
    [JWKS_PATH, () => ok({ keys: [publicJwk] })],
  ]);
}

function ok(body: unknown): Document {
  return { status: 200, body };
}
