import { Code } from '@connectrpc/connect';
import { FlyteClient, FlyteModule, Secret, SecretService } from 'nestjs-flyte';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeFlyte } from './fake-flyte.js';

const FILED = new Secret({ key: 'k', mount: '/etc/flyte/secrets' });
let plane: FakeFlyte;
let secrets: SecretService;
let flyte: FlyteClient;
let close: () => Promise<void>;
beforeEach(async () => {
  plane = await FakeFlyte.start();
  const module = await Test.createTestingModule({
    imports: [FlyteModule.forRoot({ endpoint: plane.url, project: 'p1', domain: 'development' })],
  }).compile();
  await module.init();
  secrets = module.get(SecretService);
  flyte = module.get(FlyteClient);
  close = async () => {
    await module.close();
    await plane.close();
  };
});
afterEach(() => close());

const all = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const found = [];
  for await (const value of values) found.push(value);
  return found;
};

describe('SecretService', () => {
  it('is what FlyteClient has', () => expect(flyte.secrets).toBe(secrets));

  it('stores, replaces, lists and removes, and never gives a value back', async () => {
    await secrets.create('openai-key', 'one');
    await expect(secrets.create('openai-key', 'two')).rejects.toMatchObject({ code: 'already_exists' });
    await secrets.put('openai-key', 'three');
    await secrets.put('ssh-key', Uint8Array.of(0, 255));
    await secrets.update('ssh-key', Uint8Array.of(1, 254));
    expect(plane.secrets).toEqual(
      new Map<string, unknown>([
        ['development/p1/openai-key', 'three'],
        ['development/p1/ssh-key', Uint8Array.of(1, 254)],
      ]),
    );
    expect(await secrets.get('openai-key')).toMatchObject({ name: 'openai-key', project: 'p1', present: true });
    expect((await all(secrets.list({ pageSize: 1 }))).map(({ name }) => name)).toEqual(['openai-key', 'ssh-key']);
    expect(JSON.stringify(await all(secrets.list()))).not.toContain('three');
    await secrets.delete('openai-key');
    await expect(secrets.get('openai-key')).rejects.toMatchObject({ code: 'not_found' });
    await expect(secrets.delete('openai-key')).rejects.toMatchObject({ code: 'not_found' });
    await expect(secrets.update('openai-key', 'x')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('takes the Secret that tasks declare, for its key', async () => {
    await secrets.put(new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' }), 'pem');
    expect([...plane.secrets.keys()]).toEqual(['development/p1/ssh-key']);
  });

  it('keeps project, domain and global secrets apart', async () => {
    await secrets.put('k', 'mine');
    await secrets.put('k', 'shared', { scope: 'domain' });
    await secrets.put('k', 'everybody', { scope: 'global' });
    await secrets.put('k', 'theirs', { project: 'p2' });
    expect([...plane.secrets.keys()]).toEqual(['development/p1/k', 'development//k', '//k', 'development/p2/k']);
    expect(await all(secrets.list({ scope: 'global' }))).toMatchObject([{ name: 'k', project: '', domain: '' }]);
    expect(await all(secrets.list({ scope: 'domain' }))).toMatchObject([{ domain: 'development', project: '' }]);
    expect(await all(secrets.list())).toMatchObject([{ project: 'p1' }]);
  });

  it('stores for everybody on purpose only', async () => {
    const nowhere = await Test.createTestingModule({
      imports: [FlyteModule.forRoot({ endpoint: plane.url })],
    }).compile();
    const lost = nowhere.get(SecretService);
    await expect(lost.put('k', 'v')).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/no project and no domain/),
    });
    await expect(lost.put('k', 'v', { scope: 'domain' })).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/no domain/),
    });
    await expect(lost.put('k', 'v', { project: 'p1' })).rejects.toThrow(/no domain/);
    await lost.put('k', 'v', { scope: 'global' });
    expect([...plane.secrets.keys()]).toEqual(['//k']);
    await nowhere.close();
  });

  it.each([
    ['', 'v', /the name may have/],
    ['a b', 'v', /the name may have/],
    ['a/b', 'v', /the name may have/],
    ['k\n', 'v', /the name may have/],
    ['k', 5 as unknown as string, /text or bytes, not a whole number/],
    ['k', undefined as unknown as string, /text or bytes, not undefined/],
    ['k', 'half \uD800', /well-formed/],
  ])('refuses %j = %j before the network', async (name, value, message) => {
    await expect(secrets.put(name, value)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
    expect(plane.calls).toEqual([]);
  });

  it('never quotes a value, whichever way round the arguments are', async () => {
    const value = 's3cr3t value!';
    const error: unknown = await secrets.put(value, 'openai-key').catch((reason: unknown) => reason);
    expect(String(error)).not.toContain(value);
  });

  it.each([
    ['empty', ''],
    ['multi-line', 'a\nb\r\n'],
    ['as long as a variable may be', 'x'.repeat(2 ** 17 - 3)],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0)],
  ])('carries a value that is %s as it is', async (_, value) => {
    await secrets.put('k', value);
    expect(plane.secrets.get('development/p1/k')).toEqual(value);
  });

  it.each([
    ['longer than any variable or file', 'k', 'x'.repeat(2 ** 17), /^The value of the secret has 131072 bytes/],
    ['bytes, longer than a file', 'k', new Uint8Array(100_000), /no file can carry it/],
    ['longer than a file, for a declared one', FILED, 'x'.repeat(100_000), /no file can carry it/],
    ['bytes, for a declared variable', new Secret({ key: 'k' }), Uint8Array.of(0xff), /UTF-8 text/],
    ['under too long a name', 'n'.repeat(200), 'v', /has 200 characters; .* may have 199/],
  ])('refuses a value that is %s, before the network', async (_, name, value, message) => {
    for (const method of ['create', 'put', 'update'] as const) {
      await expect(secrets[method](name, value)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringMatching(message),
      });
    }
    expect(plane.calls).toEqual([]);
  });

  it('puts where somebody else deletes and creates meanwhile', async () => {
    plane.secrets.set('development/p1/k', 'old');
    plane.failures.push({ method: 'updateSecret', code: Code.NotFound });
    await secrets.put('k', 'new');
    expect(plane.calls.map(({ method }) => method)).toEqual([
      ...['createSecret', 'updateSecret', 'createSecret', 'updateSecret'],
    ]);
    expect(plane.secrets.get('development/p1/k')).toBe('new');
  });

  it('repeats reads while Flyte is unavailable, and never writes', async () => {
    plane.secrets.set('development/p1/k', 'v');
    plane.failures.push({ method: 'getSecret', code: Code.Unavailable });
    expect(await secrets.get('k')).toMatchObject({ name: 'k' });
    plane.failures.push({ method: 'createSecret', code: Code.Unavailable });
    await expect(secrets.create('k2', 'v')).rejects.toMatchObject({ code: 'unavailable' });
    expect(plane.secrets.has('development/p1/k2')).toBe(false);
  });
});
