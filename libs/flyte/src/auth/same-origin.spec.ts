import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { expect, it } from 'vitest';
import { createAuthMetadata } from './auth-metadata.js';
import { inboundRequest, type InboundRequest } from './inbound-request.js';
import { isAmbient, isFromOwnSite, originProblem } from './same-origin.js';

const HOST = ['host', 'app.example.com'] as const;
const OWN = ['origin', 'https://app.example.com'] as const;
const EVIL = ['origin', 'https://evil.example'] as const;
const FRIEND = ['origin', 'https://friend.example'] as const;

const request = (headers: (readonly [string, string])[]): InboundRequest => {
  const inbound = { method: 'POST', url: '/', headers: {}, rawHeaders: headers.flat() };
  return inboundRequest(new ExecutionContextHost([inbound]));
};
const isOwn = (...headers: (readonly [string, string])[]): boolean => isFromOwnSite(request(headers), [FRIEND[1]]);

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

it('takes what says nothing of where it came from for another site', () => {
  expect(isOwn(HOST)).toBe(false);
  expect(isOwn(OWN)).toBe(false);
  expect(isOwn(HOST, EVIL)).toBe(false);
  expect(isOwn(HOST, ['origin', 'null'])).toBe(false);
  expect(isOwn(HOST, ['sec-fetch-site', 'same-site'], OWN)).toBe(false);
  expect(isOwn(['host', 'localhost:3000'], ['origin', 'http://localhost:3000'])).toBe(true);
  expect(isOwn(['host', 'APP.example.com'], OWN)).toBe(true);
  expect(isOwn(HOST, ['origin', 'https://app.example.com:8443'])).toBe(false);
});

it('knows what a browser sends by itself', () => {
  const ambient = (found: Record<string, string>, ...headers: [string, string][]): boolean =>
    isAmbient(createAuthMetadata(found), request(headers));
  const cookie: [string, string] = ['cookie', 'a=1'];
  for (const scheme of ['Basic eA==', ' basic eA==', 'Digest x', 'NEGOTIATE', 'NTLM x'])
    expect(ambient({ authorization: scheme }, ['authorization', scheme]), scheme).toBe(true);
  for (const scheme of ['Bearer x', 'Basically x', 'x basic'])
    expect(ambient({ authorization: scheme }, ['authorization', scheme]), scheme).toBe(false);
  expect(ambient({ cookie: 'a=1' }, cookie)).toBe(true);
  expect(ambient({ authorization: 'Bearer of-session' }, cookie)).toBe(true);
  expect(ambient({ authorization: 'Bearer x', cookie: 'a=1' }, cookie, ['authorization', 'Bearer x'])).toBe(false);
  expect(ambient({ cookie: 'a=1' }, cookie, ['x-key', 'k'])).toBe(true);
  expect(ambient({ cookie: 'a=1', origin: 'x' }, cookie, ['origin', 'x'])).toBe(true);
  expect(ambient({ 'x-key': 'k' }, ['x-key', 'k'])).toBe(false);
  expect(ambient({ 'x-key': 'basic' }, ['x-key', 'basic'])).toBe(false);
});

it('tells how an origin is written', () => {
  for (const origin of ['https://app.example.com', 'http://localhost:3000'])
    expect(originProblem(origin)).toBeUndefined();
  expect(originProblem('https://*.example.com')).toBe('has no wildcard: name each origin');
  for (const text of ['', 'null', 'app.example.com', 'file:///a', 'capacitor://localhost'])
    expect(originProblem(text), text).toMatch(/^is a scheme and a host, such as "https:/);
  expect(originProblem('https://App.example.com:443/')).toBe(
    'is written as browsers send it: "https://app.example.com"',
  );
});
