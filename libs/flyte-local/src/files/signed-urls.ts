import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What one signed URL allows. */
export interface SignedGrant {
  readonly method: 'GET' | 'PUT';
  /** The file, relative to the plane's data folder, with slashes. */
  readonly path: string;
  /** Of a PUT, the MD5 of what is put, in base64; empty for a GET. */
  readonly md5: string;
  /** Whether the MD5 must come as metadata of the object too. */
  readonly withMetadata: boolean;
}

/** Where the plane serves files by signed URLs. */
export const FILES_PATH = '/storage/';

/** The longest that a signed URL is valid, in seconds: Flyte's own default. */
export const MAX_EXPIRY_SECONDS = 3600;

/**
 * Signs URLs that allow one method on one file for some time, and reads them. The key is of this plane alone and is never
 * stored: a plane that starts anew honours none of those before.
 */
export class SignedUrls {
  readonly #key = randomBytes(32);

  /** @param origin the plane's URL, which is known once it listens */
  constructor(
    private readonly origin: () => string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Makes a URL. It is a credential. */
  sign(grant: SignedGrant, seconds: number): { readonly url: string; readonly expiresAtMs: number } {
    const expiresAtMs = Math.floor(this.now() + seconds * 1000);
    const url = new URL(FILES_PATH + grant.path.split('/').map(encodeURIComponent).join('/'), this.origin());
    url.searchParams.set('expires', String(expiresAtMs));
    if (grant.md5 !== '') url.searchParams.set('md5', grant.md5);
    if (grant.withMetadata) url.searchParams.set('metadata', '1');
    url.searchParams.set('signature', this.#signature(grant, expiresAtMs).toString('base64url'));
    return { url: url.href, expiresAtMs };
  }

  /**
   * What a request's URL allows.
   *
   * @param target path and query, as they come over the wire
   * @returns why it allows nothing, where it does
   */
  read(method: string, target: string): SignedGrant | 'wrong' | 'expired' {
    const url = URL.canParse(target, 'http://plane') ? new URL(target, 'http://plane') : undefined;
    const path = decoded(url?.pathname.slice(FILES_PATH.length) ?? '');
    if (url === undefined || path === undefined || (method !== 'GET' && method !== 'PUT')) return 'wrong';
    const { searchParams: query } = url;
    const grant = { method, path, md5: query.get('md5') ?? '', withMetadata: query.has('metadata') } as const;
    const expiresAtMs = Number(query.get('expires') ?? '');
    const given = Buffer.from(query.get('signature') ?? '', 'base64url');
    const expected = this.#signature(grant, expiresAtMs);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong';
    return expiresAtMs >= this.now() ? grant : 'expired';
  }

  #signature({ method, path, md5, withMetadata }: SignedGrant, expiresAtMs: number): Buffer {
    const text = JSON.stringify([method, path, md5, withMetadata, expiresAtMs]);
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
