import { expect, it } from 'vitest';
import { checkHeaderName, forwardProblem, mayAuthenticate } from './header-names.js';

it.each(['Authorization', 'x-api-key', 'CF-Access-Client-Secret', 'x_api_key', "!#$%&'*+.^_`|~-"])(
  'lets credentials travel under %s',
  (name) => {
    expect(checkHeaderName(name)).toBe(name.toLowerCase());
  },
);

it.each(['Host', ':path', 'grpc-timeout', 'X-Forwarded-For', 'X_Forwarded_For', 'cf_access_client_id', 'remote-user'])(
  'lets nobody speak under %s',
  (name) => {
    const refused = { code: 'misuse', message: expect.stringContaining(JSON.stringify(name.toLowerCase())) as string };
    expect(() => checkHeaderName(name)).toThrow(expect.objectContaining(refused));
    expect(() => checkHeaderName(name)).toThrow(/can't carry a credential: a proxy.*Use a header of your own/);
    expect(forwardProblem(name.toLowerCase())).toMatch(/^a proxy or the protocol itself sets it/);
  },
);

it.each(['', 'a b', 'a:', 'caf\u00e9', 'x-a\n'])('takes %j for no name', (name) => {
  const refused = { code: 'misuse', message: expect.stringMatching(/^".*" is not the name of an HTTP/) as string };
  expect(() => checkHeaderName(name)).toThrow(expect.objectContaining(refused));
  expect(forwardProblem(name)).toMatch(/^a proxy or the protocol/);
});

it('knows what authenticates nobody', () => {
  for (const name of ['traceparent', 'x-request-id', 'x_request_id', 'sec-fetch-site', 'if-none-match', 'origin'])
    expect(mayAuthenticate(name), name).toBe(false);
  for (const name of ['authorization', 'cookie', 'x-api-key', 'x-request-id-2', 'x-origin', 'b3x'])
    expect(mayAuthenticate(name), name).toBe(true);
});

it('forwards what is no credential and is written in lower case', () => {
  for (const name of ['traceparent', 'x-tenant', 'x-author', 'x_tenant'])
    expect(forwardProblem(name), name).toBeUndefined();
  for (const name of ['authorization', 'cookie', 'x-api-key', 'x_auth_token', 'x_jwt', 'cf-access-client-secret'])
    expect(forwardProblem(name), name).toMatch(/^it carries a credential.*"headerExtractors"/);
  expect(forwardProblem('Traceparent')).toBe('write it in lower case');
});
