import { expect, it } from 'vitest';
import type { InboundRequest } from './inbound-request.js';
import { isFromOwnSite } from './same-origin.js';

const HOST = ['host', 'app.example.com'] as const;
const OWN = ['origin', 'https://app.example.com'] as const;
const EVIL = ['origin', 'https://evil.example'] as const;
const FRIEND = ['origin', 'https://friend.example'] as const;

const isOwn = (...headers: (readonly [string, string])[]): boolean =>
  isFromOwnSite({ headers } as unknown as InboundRequest, [FRIEND[1]]);

it('takes what a browser says once', () => {
  expect(isOwn(HOST, OWN)).toBe(true);
  expect(isOwn(HOST, FRIEND)).toBe(true);
  expect(isOwn(HOST, ['sec-fetch-site', 'same-origin'])).toBe(true);
});

it('takes nothing that is said twice', () => {
  expect(isOwn(HOST, OWN, EVIL)).toBe(false);
  expect(isOwn(HOST, FRIEND, EVIL)).toBe(false);
  expect(isOwn(HOST, ['sec-fetch-site', 'same-origin'], ['sec-fetch-site', 'cross-site'])).toBe(false);
});

it('takes no origin of another kind for a site, whatever its host', () => {
  expect(isOwn(HOST, ['origin', 'chrome-extension://app.example.com'])).toBe(false);
  expect(isOwn(['host', 'localhost'], ['origin', 'capacitor://localhost'])).toBe(false);
  expect(isOwn(['host', ''], ['origin', 'file://'])).toBe(false);
});

it('goes by what HTTP/2 goes by, not by a Host beside it', () => {
  expect(isOwn([':authority', HOST[1]], OWN)).toBe(true);
  expect(isOwn(['host', 'evil.example'], [':authority', HOST[1]], EVIL)).toBe(false);
  expect(isOwn(['host', 'evil.example'], [':authority', HOST[1]], OWN)).toBe(true);
});
