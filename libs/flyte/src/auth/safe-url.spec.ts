import { expect, it } from 'vitest';
import { isSafeUrl } from './safe-url.js';

it('what must not be changed or read on the way is asked over TLS, or on this machine', () => {
  for (const safe of [
    'https://a.example/k',
    'http://localhost:8080/k',
    'http://127.0.0.1/',
    'http://127.8.9.10/',
    'http://[::1]/',
  ])
    expect(isSafeUrl(safe), safe).toBe(true);
  for (const unsafe of [
    ...['', '/jwks', 'http://a.example/', 'http://127.0.0.1.example/', 'http://x127.0.0.1/', 'http://127.example/'],
    ...['ftp://localhost/', 'file:///etc/keys', 'http://localhost.example/', 'http://10.127.0.0.1.example/'],
  ])
    expect(isSafeUrl(unsafe), unsafe).toBe(false);
});
