import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import {
  FlyteAuthGuard,
  FlyteClient,
  FlyteModule,
  UserService,
  type FlyteModuleOptions,
  type FlyteOptionsFactory,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp, type AppOptions } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Controller()
class Me {
  constructor(private readonly users: UserService) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
  @Get('health') health() {
    return {};
  }
}

let plane: LocalControlPlane;
beforeAll(async () => {
  plane = await startPlane();
});
afterAll(() => plane.close());
afterEach(() => vi.unstubAllEnvs());

const options = (): FlyteModuleOptions => ({ endpoint: plane.url, passthrough: true, excludedPaths: ['/health'] });

@Injectable()
class Factory implements FlyteOptionsFactory {
  async createFlyteOptions(): Promise<FlyteModuleOptions> {
    return options();
  }
}
@Module({ providers: [Factory], exports: [Factory] })
class FactoryModule {}

describe.each(ADAPTERS)('routes are closed on %s, however the options come', (adapter) => {
  const ways: [way: string, imports: () => AppOptions['imports'], env?: () => Record<string, string>][] = [
    ['forRoot', () => [FlyteModule.forRoot(options())]],
    ['useFactory', () => [FlyteModule.forRootAsync({ useFactory: () => options() })]],
    ['an async useFactory', () => [FlyteModule.forRootAsync({ useFactory: async () => options() })]],
    ['useClass', () => [FlyteModule.forRootAsync({ useClass: Factory })]],
    ['useExisting', () => [FlyteModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory })]],
    [
      'configuration by inject',
      () => [
        FlyteModule.forRootAsync({
          imports: [ConfigModule.forRoot({ ignoreEnvFile: true })],
          inject: [ConfigService],
          useFactory: (config: ConfigService) => ({ ...options(), passthrough: config.get('PASSTHROUGH') === 'yes' }),
        }),
      ],
      () => ({ PASSTHROUGH: 'yes' }),
    ],
    [
      'FLYTE_ENDPOINT',
      () => [FlyteModule.forRoot({ passthrough: true, excludedPaths: ['/health'] })],
      () => ({ FLYTE_ENDPOINT: plane.url }),
    ],
    [
      'nothing but FLYTE_ENDPOINT and a factory of nothing else',
      () => [FlyteModule.forRootAsync({ useFactory: () => ({ passthrough: true, excludedPaths: ['/health'] }) })],
      () => ({ FLYTE_ENDPOINT: plane.url }),
    ],
    [
      'the in-cluster variables',
      () => [FlyteModule.forRoot({ passthrough: true, excludedPaths: ['/health'] })],
      () => ({ _U_EP_OVERRIDE: plane.url.slice('http://'.length), _U_INSECURE: 'True' }),
    ],
    [
      'undefined beside them',
      () => [FlyteModule.forRoot({ ...options(), timeoutMs: undefined, retries: undefined, verify: undefined })],
    ],
  ];
  it.each(ways)('%s', async (_way, imports, env) => {
    for (const [name, value] of Object.entries(env?.() ?? {})) vi.stubEnv(name, value);
    await using app = await startApp({ adapter, controllers: [Me], imports: imports() });
    expect((await ask(app.url, '/me')).status).toBe(401);
    expect((await ask(app.url, '/health')).status).toBe(200);
    expect((await ask(app.url, '/me', { headers: bearer(await plane.token('alice')) })).json).toEqual({
      subject: 'alice',
    });
  });
});

describe('wrong options stop the app at start', () => {
  const secret = 'hunter2-hunter2';
  const https = 'https://flyte.example.com';
  const wrong: [options: object, message: RegExp, env?: Record<string, string>][] = [
    [{}, /"endpoint": missing.*FLYTE_ENDPOINT/],
    [{ endpoint: '' }, /"endpoint": give a text that is not empty/],
    [{ endpoint: 'ftp://flyte' }, /"endpoint": the scheme "ftp:\/\/" is unknown.*dns:\/\/\//],
    [{ endpoint: 'dns://flyte' }, /"endpoint": "dns:" takes three slashes/],
    [{ endpoint: 'dns:flyte' }, /"endpoint":/],
    [{ endpoint: 'https://flyte/prefix' }, /"endpoint":.*more than a host and a port/],
    [{ endpoint: 'host:99999' }, /"endpoint":.*not an address/],
    [{ endpoint: `https://user:${secret}@flyte` }, /"endpoint": it holds a user/],
    [{ endpoint: https, insecure: true }, /"insecure": true contradicts the "https:\/\/"/],
    [{ endpoint: 'http://flyte.example.com' }, /would send credentials in clear to flyte.example.com/],
    [{ endpoint: 'http://127.0.0.1.evil.example' }, /would send credentials in clear/],
    [{ insecure: true }, /"insecure" was given without option "endpoint"/],
    [{ insecure: false }, /"insecure" was given without option "endpoint"/, { FLYTE_ENDPOINT: https }],
    [{ tls: { ca: 'x' } }, /"tls" was given without option "endpoint"/, { FLYTE_ENDPOINT: https }],
    [{}, /FLYTE_INSECURE was given without FLYTE_ENDPOINT/, { FLYTE_INSECURE: 'true', _U_EP_OVERRIDE: 'flyte:80' }],
    [
      {},
      /variable FLYTE_INSECURE: expected true or false, got "maybe"/,
      { FLYTE_ENDPOINT: https, FLYTE_INSECURE: 'maybe' },
    ],
    [{ endpoint: https, tls: { cert: 'x' } }, /"tls": give "cert" and "key" together/],
    [{ endpoint: https, tls: { key: 7, cert: 'x' } }, /"tls.key": give PEM text or bytes/],
    [{ endpoint: 'http://localhost', tls: { ca: 'x' } }, /"tls": the endpoint is plaintext/],
    [{ endpoint: https, timeoutMs: 0 }, /"timeoutMs": give at least 1 millisecond, got 0/],
    [{ endpoint: https, timeoutMs: '30s' }, /"timeoutMs": give milliseconds as a whole number, got "30s"/],
    [{ endpoint: https, timeoutMs: Infinity }, /"timeoutMs"/],
    [{ endpoint: https, retries: -1 }, /"retries": give 0 or more, got -1/],
    [{ endpoint: https, protocol: 'http' }, /"protocol": give "connect" or "grpc", got "http"/],
    [{ endpoint: https, passthrough: 'yes' }, /"passthrough": give true or false, got "yes"/],
    [{ endpoint: https, excludedPaths: '/health' }, /"excludedPaths": give a list of paths/],
    [
      { endpoint: https, excludedPaths: ['health'] },
      /"excludedPaths.0": a path that matches no request.*"\/health".*got "health"/,
    ],
    [{ endpoint: https, excludedPaths: ['/a?b'] }, /"excludedPaths.0".*got "\/a\?b"/],
    [{ endpoint: https, excludedPaths: ['FETCH /a'] }, /"excludedPaths.0".*got "FETCH \/a"/],
    [{ endpoint: https, excludedPaths: ['GET  /a'] }, /matches no request/],
    [{ endpoint: https, headerExtractors: [] }, /"headerExtractors": give at least one/],
    [{ endpoint: https, headerExtractors: ['x'] }, /"headerExtractors.0": give a function/],
    [
      { endpoint: https, credentials: { authorization: secret } },
      /"credentials": give clientCredentials\(…\), tokenFile\(…\), externalCommand\(…\) or a function/,
    ],
    [{ endpoint: https, verify: { issuer: https } }, /"verify.audience": give the audience/],
    [{ endpoint: https, verify: { audience: 'a' } }, /"verify": give an issuer or a jwksUri/],
    [
      { endpoint: https, verify: { audience: 'a', jwksUri: 'http://keys.example' } },
      /"verify.jwksUri": give an https:\/\/ URL/,
    ],
    [
      { endpoint: https, verify: { audience: 'a', jwksUri: 'http://localhost:80@keys.example' } },
      /"verify.jwksUri": give an https:\/\/ URL/,
    ],
    [
      { endpoint: https, verify: { audience: 'a', issuer: https, algorithms: ['HS256'] } },
      /"verify.algorithms.0": give asymmetric ones/,
    ],
    [{ endpoint: https, verify: { audience: 'a', issuer: https, algorithms: ['none'] } }, /"verify.algorithms.0"/],
    [{ endpoint: https, verify: { audience: 'a', issuer: https, alsoForward: ['host'] } }, /"verify.alsoForward.0"/],
    [{ endpoint: https, timeout: 5 }, /Option "timeout": unknown/],
    [{ endpoint: https, verify: { audience: 'a', issuer: https, jwks: 'x' } }, /Option "verify.jwks": unknown/],
  ];
  it.each(wrong)('%j', async (given, message, env = {}) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const start = Test.createTestingModule({ imports: [FlyteModule.forRoot(given)] }).compile();
    const error: unknown = await start.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      name: 'FlyteError',
      code: 'invalid_configuration',
      message: expect.stringMatching(message),
    });
    expect(String(error)).not.toContain(secret);
  });

  it.each<[string, object, RegExp[]]>([
    ['of options', { endpoint: https, retries: 99, timeoutMs: -1 }, [/"timeoutMs"/, /"retries"/]],
    [
      'of options, the endpoint and paths',
      { endpoint: 'ftp://flyte', retries: 99, excludedPaths: ['/ok', 'health', 'FETCH /a'], tls: { cert: 'x' } },
      [/"retries"/, /"endpoint": the scheme/, /"excludedPaths.1"/, /"excludedPaths.2"/, /"cert" and "key" together/],
    ],
    [
      'of an endpoint and what goes with it',
      { endpoint: 'https://flyte/prefix', insecure: true, timeout: 5 },
      [/"insecure": true contradicts/, /more than a host and a port/, /"timeout": unknown/],
    ],
    [
      'of TLS in plaintext',
      { endpoint: 'http://flyte.example.com', insecure: true, tls: { ca: 'x' }, retries: -1 },
      [/"tls": the endpoint is plaintext/, /"retries"/],
    ],
    [
      'of what is given without an endpoint',
      { insecure: true, tls: { ca: 'x' }, protocol: 'http' },
      [/"insecure" was given without/, /"tls" was given without/, /"endpoint": missing/, /"protocol"/],
    ],
  ])('all of them are named at once: %s', async (_what, given, messages) => {
    const start = Test.createTestingModule({ imports: [FlyteModule.forRoot(given)] }).compile();
    const error: unknown = await start.catch((reason: unknown) => reason);
    for (const message of messages) expect(String(error)).toMatch(message);
  });

  it('what is no object of options is told what to write', async () => {
    for (const given of [null, 'http://user:hunter2@flyte', [], () => ({ endpoint: https })]) {
      expect(() => FlyteModule.forRoot(given as never)).toThrow(
        /forRoot takes an object of options, such as \{ endpoint: /,
      );
      expect(() => FlyteModule.forRoot(given as never)).not.toThrow(/hunter2/);
    }
    for (const given of [undefined, null, 'x']) {
      expect(() => FlyteModule.forRootAsync(given as never)).toThrow(/forRootAsync takes.* \{ useFactory: /);
    }
    const start = Test.createTestingModule({
      imports: [FlyteModule.forRootAsync({ useFactory: () => undefined as never })],
    }).compile();
    await expect(start).rejects.toThrow(/takes an object of options, such as .*got undefined/);
  });

  it('an option beside a factory, where nobody would read it', () => {
    const useFactory = () => ({ endpoint: https });
    const beside = { useFactory, passthrough: true, tiemoutMs: 5 };
    expect(() => FlyteModule.forRootAsync(beside)).toThrow(
      /"passthrough", "tiemoutMs": beside "useFactory" nobody reads it. Put it into the object that "useFactory" gives/,
    );
    expect(() => FlyteModule.forRootAsync({ useClass: Factory, endpoint: https } as never)).toThrow(
      /that "useClass" gives/,
    );
    expect(() => FlyteModule.forRootAsync({})).toThrow(/one of "useFactory", "useClass", "useExisting"/);
    expect(() => FlyteModule.forRootAsync({ useFactory, useClass: Factory })).toThrow(/got useFactory, useClass/);
    const whole = { imports: [], inject: [], name: 'eu', isGlobal: false, useFactory, useClass: undefined };
    expect(FlyteModule.forRootAsync(whole).module).toBe(FlyteModule);
  });

  it('two connections of one name', async () => {
    for (const name of [undefined, 'eu']) {
      const imports = [
        FlyteModule.forRoot({ name, endpoint: https }),
        FlyteModule.forRoot({ name, endpoint: 'https://other' }),
      ];
      // oxlint-disable-next-line no-await-in-loop
      await expect(startApp({ imports })).rejects.toMatchObject({
        code: 'invalid_configuration',
        message: expect.stringMatching(name ? /2 times named "eu"/ : /2 times without a name/),
      });
    }
  });

  it('but one module imported twice is one', async () => {
    const flyte = FlyteModule.forRoot({ endpoint: https });
    @Module({ imports: [flyte] })
    class Feature {}
    await using app = await startApp({ imports: [flyte, Feature] });
    expect(app.app.get(FlyteClient)).toBeDefined();
  });
});

describe('right options', () => {
  it.each([[], [undefined], [{}]])('may be none, where the environment has the endpoint: %j', async (...none) => {
    await expect(startApp({ imports: [FlyteModule.forRoot(...none)] })).rejects.toThrow(/"endpoint": missing/);
    vi.stubEnv('FLYTE_ENDPOINT', 'https://config.example');
    await using app = await startApp({ imports: [FlyteModule.forRoot(...none)] });
    expect(app.app.get(FlyteClient)).toBeDefined();
  });

  it('start the app while Flyte is away, in every form of endpoint', async () => {
    const forms: FlyteModuleOptions[] = [
      { endpoint: 'dns:///flyte.example.com' },
      { endpoint: 'dns:///flyte.example.com:8443', tls: { ca: 'x' } },
      { endpoint: 'flyte.example.com:443' },
      { endpoint: 'flyte.example.com' },
      { endpoint: 'HTTPS://flyte.example.com/' },
      { endpoint: 'http://flyte.example.com', insecure: true },
      { endpoint: 'flyte.svc:80', insecure: true },
      { endpoint: 'http://[::1]:8090' },
      { endpoint: 'http://localhost:8090' },
      { endpoint: 'http://127.9.9.9' },
    ];
    for (const form of forms) {
      // oxlint-disable-next-line no-await-in-loop
      await using app = await startApp({ imports: [FlyteModule.forRoot(form)] });
      expect(app.app.get(FlyteClient)).toBeDefined();
    }
  });

  it('beat the configuration, which others may read too', async () => {
    vi.stubEnv('FLYTE_ENDPOINT', 'https://config.example');
    vi.stubEnv('FLYTE_PROJECT', 'from-config');
    vi.stubEnv('FLYTE_DOMAIN', '');
    vi.stubEnv('FLYTE_INTERNAL_EXECUTION_DOMAIN', 'from-cluster');
    await using app = await startApp({
      controllers: [Me],
      imports: [FlyteModule.forRoot({ ...options(), org: 'acme' })],
    });
    expect((await ask(app.url, '/me', { headers: bearer(await plane.token('a')) })).status).toBe(200);
    expect(app.app.get(ConfigService).get('flyte')).toMatchObject({
      endpoint: 'https://config.example',
      project: 'from-config',
    });
    expect(app.app.get(ConfigService).get('flyte')).toMatchObject({ domain: undefined });
  });

  it('a user’s test overrides the guard', async () => {
    await using app = await startApp({
      controllers: [Me],
      imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })],
      override: (builder) => builder.overrideProvider(FlyteAuthGuard).useValue({ canActivate: () => true }),
    });
    expect((await ask(app.url, '/health')).status).toBe(200);
  });
});
