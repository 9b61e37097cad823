import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Test, type TestingModule } from '@nestjs/testing';
import { clientCredentials, FlyteClient, FlyteModule, type ClientCredentialsOptions } from 'nestjs-flyte';
import { Provider } from 'oidc-provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGuardedFlyte, type GuardedFlyte } from '../support/guarded-flyte.js';

/** Characters that a client must encode in the header, and may not in the body (RFC 6749, 2.3.1). */
const SECRET = 'a+b%&=:/~ hunter2';

let flyte: GuardedFlyte;
let server: Server;
let url: string;
let apps: TestingModule[];
/** The scope of the last token. */
let granted: string | undefined;

/** A certified OpenID provider, whose tokens Flyte takes. */
beforeEach(async () => {
  apps = [];
  flyte = await startGuardedFlyte();
  server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const client = { client_secret: SECRET, redirect_uris: [], response_types: [] };
  const provider = new Provider(url, {
    clients: [
      { ...client, client_id: 'night ly', grant_types: ['client_credentials'] },
      { ...client, client_id: 'interactive', grant_types: [] },
    ],
    scopes: ['runs'],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: 600 },
  });
  provider.on('client_credentials.saved', ({ jti, scope }) => {
    flyte.good.add(`Bearer ${jti}`);
    granted = scope;
  });
  const serve = provider.callback();
  server.on('request', (request, response) => void serve(request, response));
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await flyte[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

async function subjectOf(options: Partial<ClientCredentialsOptions>): Promise<string> {
  const credentials = clientCredentials({ clientId: 'night ly', clientSecret: SECRET, ...options });
  const imports = [FlyteModule.forRoot({ endpoint: flyte.url, retries: 0, credentials })];
  const app = await Test.createTestingModule({ imports }).compile();
  apps.push(app);
  return (await app.get(FlyteClient).users.get()).subject;
}

describe('an issuer of a library that issuers are built with', () => {
  it.each(['basic', 'post'] as const)('gives a token to a client that shows its secret: %s', async (method) => {
    expect(await subjectOf({ clientAuthentication: method, issuer: url })).toBe('svc');
    expect(flyte.good.size).toBe(1);
  });

  it('is found by what Flyte says', async () => {
    flyte.metadata = { issuer: url, tokenEndpoint: `${url}/token` };
    flyte.config = { scopes: ['runs'] };
    expect(await subjectOf({})).toBe('svc');
    expect(granted).toBe('runs');
  });

  it.each([
    [{ clientSecret: 'wrong-hunter2' }, /no token: invalid_client: .*See whether "clientId" and "clientSecret"/],
    [{ clientId: 'nobody' }, /the client "nobody" no token: invalid_client/],
    [{ clientId: 'interactive' }, /no token: invalid_request: requested grant type is not allowed/],
  ])('says why it gives none: %j', async (options, message) => {
    const failure: unknown = await subjectOf({ issuer: url, ...options }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unauthenticated', fault: 'operator' });
    expect(String(failure)).toMatch(message);
    expect(String(failure)).not.toMatch(/hunter2/);
    expect(flyte.calls).toEqual([]);
  });
});
