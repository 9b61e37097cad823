import { inspect } from 'node:util';
import { createClient, createContextKey } from '@connectrpc/connect';
import {
  createRemoteJWKSet,
  decodeJwt,
  exportSPKI,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { AuthMetadataService } from 'nestjs-flyte/idl/auth/auth_service';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import {
  callerOf,
  mintToken,
  startLocalControlPlane,
  type CallLogEntry,
  type LocalControlPlane,
} from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bearer, clientsOf, failure, requestHttp2, temporaryFolder, transportOf, WIRES } from './support.js';

/** The one key of a plane's JWKS. */
async function publicJwk(plane: LocalControlPlane): Promise<Record<string, string>> {
  const { keys } = z
    .object({ keys: z.array(z.record(z.string(), z.string())).length(1) })
    .parse(await (await fetch(plane.jwksUri)).json());
  return keys[0] ?? {};
}

/** What a forger claims. */
function claims(): SignJWT {
  return new SignJWT({}).setSubject('mallory').setAudience('flyte-local').setIssuedAt().setExpirationTime('1h');
}

/** A token signed with a shared secret. */
function hmac(secret: Uint8Array): Promise<string> {
  return claims().setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret);
}

describe('tokens', () => {
  const log: CallLogEntry[] = [];
  const folder = temporaryFolder();
  let plane: LocalControlPlane;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: folder, logger: (entry) => log.push(entry) });
  });
  afterAll(() => plane.close());

  it('say who the caller is', async () => {
    const token = await plane.token('alice', { name: 'Alice Ä', email: 'alice@example.com' });
    await expect(clientsOf(plane.url, token).users.userInfo({})).resolves.toMatchObject({
      subject: 'alice',
      name: 'Alice Ä',
      email: 'alice@example.com',
    });
  });

  it('live for an hour unless told otherwise, and pass a verifier that discovers the key', async () => {
    const token = await plane.token('alice');
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(plane.jwksUri)), {
      issuer: plane.url,
      audience: plane.audience,
      algorithms: ['ES256'],
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect(await publicJwk(plane)).not.toHaveProperty('d');
  });

  it('pass when another process mints them for the same folder, and name the plane as their issuer', async () => {
    const token = await mintToken({ state: folder, subject: 'bob' });
    expect(decodeJwt(token)).toMatchObject({ iss: plane.url, sub: 'bob', aud: 'flyte-local' });
    await expect(clientsOf(plane.url, token).users.userInfo({})).resolves.toMatchObject({ subject: 'bob' });
  });

  it.each([
    ['', {}],
    ['a\nb', {}],
    ['x'.repeat(256), {}],
    ['alice', { name: 'a\u0000' }],
    ['alice', { audience: '' }],
    ['alice', { projects: [''] }],
    ['alice', { expiresInSeconds: Number.NaN }],
    ['alice', { expiresInSeconds: 1.5 }],
  ])('are not minted with a wrong claim: %j %j', async (subject, claims) => {
    await expect(plane.token(subject, claims)).rejects.toMatchObject({ name: 'FlyteError', code: 'misuse' });
  });

  describe('that are refused', () => {
    const forgeries: Record<string, () => Promise<string>> = {
      'an expired one': () => plane.token('mallory', { expiresInSeconds: -1 }),
      'one for another audience': () => plane.token('mallory', { audience: 'elsewhere' }),
      'one of another plane': async () => mintToken({ state: temporaryFolder(), subject: 'mallory' }),
      'one signed with another key under the same key id': async () => {
        const { privateKey } = await generateKeyPair('ES256');
        return claims()
          .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: (await publicJwk(plane))['kid'] })
          .sign(privateKey);
      },
      'alg none': async () =>
        new UnsecuredJWT({})
          .setSubject('mallory')
          .setAudience('flyte-local')
          .setIssuedAt()
          .setExpirationTime('1h')
          .encode(),
      'HS256 with the public key as PEM': async () => {
        const key = await importJWK(await publicJwk(plane), 'ES256', { extractable: true });
        if (key instanceof Uint8Array) throw new TypeError('a public key is expected');
        return hmac(new TextEncoder().encode(await exportSPKI(key)));
      },
      'HS256 with the public key as JSON': async () =>
        hmac(new TextEncoder().encode(JSON.stringify(await publicJwk(plane)))),
      'one with a changed claim': async () => {
        const [header = '', , signature = ''] = (await plane.token('alice')).split('.');
        const body = { ...decodeJwt(await plane.token('alice')), sub: 'mallory' };
        return [header, Buffer.from(JSON.stringify(body)).toString('base64url'), signature].join('.');
      },
      'one without its signature': async () => (await plane.token('mallory')).replace(/[^.]*$/, ''),
      'a text that is no token': async () => 'mallory',
    };

    it.each(Object.entries(forgeries))('%s, on each wire, and nothing shows it', async (_name, forge) => {
      const token = await forge();
      for (const wire of WIRES) {
        const error = await failure(
          createClient(IdentityService, transportOf(wire, plane.url, [bearer(token)])).userInfo({}),
        );
        expect(error).toMatchObject({ code: 16 });
        const shown = inspect([error.rawMessage, ...error.metadata], { depth: null });
        for (const part of token.split('.').filter((text) => text.length > 10)) expect(shown).not.toContain(part);
        expect(inspect(error.cause)).not.toContain(token);
      }
      expect(JSON.stringify(log)).not.toContain(token);
    });

    it.each([
      ['another scheme', 'Basic YWxpY2U6c2VjcmV0'],
      ['no token', 'Bearer '],
      ['two tokens', 'Bearer a.b.c, Bearer d.e.f'],
      ['a bare token', 'a.b.c'],
      ['an empty header', ''],
    ])('an Authorization header with %s', async (_name, authorization) => {
      const response = await fetch(`${plane.url}/flyteidl2.auth.IdentityService/UserInfo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: '{}',
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    });

    it('two Authorization headers, even if one of them is valid', async () => {
      const valid = `Bearer ${await plane.token('alice')}`;
      const answer = await requestHttp2(plane.url, { ':path': '/healthz', authorization: valid });
      expect(answer.status).toBe(200);
      const { request } = await import('node:http');
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const call = request(`${plane.url}/flyteidl2.auth.IdentityService/UserInfo`, { method: 'POST' });
        call.setHeader('content-type', 'application/json');
        call.setHeader('authorization', [valid, 'Bearer a.b.c']);
        call.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
        call.end('{}');
      });
      expect(status).toBe(401);
    });

    it('identity headers of a load balancer', async () => {
      const [payload] = [Buffer.from('{"sub":"mallory"}').toString('base64url')];
      const response = await fetch(`${plane.url}/flyteidl2.auth.IdentityService/UserInfo`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-amzn-oidc-data': `e30.${payload}.x`,
          cookie: 'flyte_at=mallory',
        },
        body: '{}',
      });
      expect(response.status).toBe(401);
    });
  });

  it('may keep to some projects', async () => {
    const all = clientsOf(plane.url, await plane.token('root')).projects;
    for (const id of ['red', 'green', 'blue']) await all.createProject({ project: { id, name: id } });
    const { projects } = clientsOf(plane.url, await plane.token('carol', { projects: ['red', 'blue', 'missing'] }));
    await expect(projects.getProject({ id: 'red' })).resolves.toMatchObject({ project: { id: 'red' } });
    expect(await failure(projects.getProject({ id: 'green' }))).toMatchObject({ code: 7 });
    expect(await failure(projects.getProject({ id: 'nowhere' }))).toMatchObject({ code: 7 });
    expect(await failure(projects.getProject({ id: 'missing' }))).toMatchObject({ code: 5 });
    expect(await failure(projects.createProject({ project: { id: 'new' } }))).toMatchObject({ code: 7 });
    expect(await failure(projects.updateProject({ project: { id: 'green' } }))).toMatchObject({ code: 7 });
    const first = await projects.listProjects({ limit: 1 });
    const second = await projects.listProjects({ limit: 1, token: first.projects?.token });
    expect([...(first.projects?.projects ?? []), ...(second.projects?.projects ?? [])].map(({ id }) => id)).toEqual([
      'red',
      'blue',
    ]);
    const none = clientsOf(plane.url, await plane.token('dave', { projects: [] })).projects;
    expect((await none.listProjects({})).projects?.projects).toEqual([]);
  });

  it('leave a log of method, subject, code and duration', async () => {
    log.length = 0;
    await clientsOf(plane.url, await plane.token('erin')).users.userInfo({});
    await failure(clientsOf(plane.url).users.userInfo({}));
    const method = 'flyteidl2.auth.IdentityService/UserInfo';
    expect(log).toMatchObject([
      { method, subject: 'erin', code: 'ok' },
      { method, subject: undefined, code: 'unauthenticated' },
    ]);
    expect(log.map((entry) => Object.keys(entry).toSorted())).toEqual(
      log.map(() => ['code', 'durationMs', 'method', 'subject']),
    );
    expect(log.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });
});

describe('auth: optional', () => {
  let plane: LocalControlPlane;
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:', auth: 'optional' });
  });
  afterAll(() => plane.close());

  it('lets anonymous callers read projects, and nothing else', async () => {
    const { users, projects } = clientsOf(plane.url);
    await expect(projects.getProject({ id: 'flytesnacks' })).resolves.toBeDefined();
    await expect(projects.listProjects({})).resolves.toBeDefined();
    expect(await failure(users.userInfo({}))).toMatchObject({ code: 16 });
    expect(await failure(projects.createProject({ project: { id: 'a' } }))).toMatchObject({ code: 16 });
    expect(await failure(projects.updateProject({ project: { id: 'flytesnacks' } }))).toMatchObject({ code: 16 });
  });

  it('refuses a token that is present and invalid', async () => {
    const expired = clientsOf(plane.url, await plane.token('alice', { expiresInSeconds: 0 }));
    expect(await failure(expired.projects.listProjects({}))).toMatchObject({ code: 16 });
  });
});

describe('AuthMetadataService', () => {
  it.each(['required', 'optional'] as const)('is public with auth %s, and says only what is so', async (auth) => {
    await using plane = await startLocalControlPlane({ port: 0, state: ':memory:', auth, audience: 'mine' });
    const metadata = createClient(AuthMetadataService, transportOf(['connect', '2'], plane.url));
    await expect(metadata.getOAuth2Metadata({})).resolves.toMatchObject({
      issuer: plane.url,
      jwksUri: plane.jwksUri,
      tokenEndpoint: '',
      authorizationEndpoint: '',
    });
    await expect(metadata.getPublicClientConfig({})).resolves.toMatchObject({
      audience: 'mine',
      authorizationMetadataKey: 'authorization',
      clientId: '',
    });
  });
});

describe('interceptors and routes', () => {
  it('run after the token is verified, and know the caller', async () => {
    const seen: (string | undefined)[] = [];
    const key = createContextKey('unset');
    await using plane = await startLocalControlPlane({
      port: 0,
      state: ':memory:',
      interceptors: [
        (next) => (request) => {
          seen.push(callerOf(request.contextValues)?.subject);
          request.contextValues.set(key, 'set');
          return next(request);
        },
      ],
      routes: (router) =>
        router.service(IdentityService, {
          userInfo: (_request, { values }) => ({ subject: `${callerOf(values)?.subject} ${values.get(key)}` }),
        }),
    });
    await failure(clientsOf(plane.url).users.userInfo({}));
    expect(seen).toEqual([]);
    const answer = await clientsOf(plane.url, await plane.token('alice')).users.userInfo({});
    expect(answer.subject).toBe('alice set');
    expect(seen).toEqual(['alice']);
  });
});
