import { describe, expect, it } from 'vitest';
import { SignedUrls } from './signed-urls.js';

const grant = { method: 'PUT', path: 'files/a b/ü.txt', md5: 'q+/=', withMetadata: true } as const;
const target = (url: string): string => url.slice('http://plane'.length);

describe('a signed URL', () => {
  it('says what it allows, until it expires', () => {
    let now = 1_000_000;
    const urls = new SignedUrls(
      () => 'http://plane',
      () => now,
    );
    const { url, expiresAtMs } = urls.sign(grant, 60);
    expect(expiresAtMs).toBe(1_060_000);
    expect(urls.read('PUT', target(url))).toEqual(grant);
    expect(urls.sign(grant, 0.0015).expiresAtMs).toBe(1_000_001);
    now = 1_060_001;
    expect(urls.read('PUT', target(url))).toBe('expired');
  });

  it('is of one plane', () => {
    const { url } = new SignedUrls(() => 'http://plane').sign(grant, 60);
    expect(new SignedUrls(() => 'http://plane').read('PUT', target(url))).toBe('wrong');
  });

  it.each(['/storage/', '/storage/%', '/storage/x?expires=&signature=', '/storage/x?expires=NaN&signature=AAAA', '\0'])(
    'is not %j',
    (text) => {
      expect(new SignedUrls(() => 'http://plane').read('GET', text)).toBe('wrong');
    },
  );
});
