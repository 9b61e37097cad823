import dns from 'node:dns';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { abfsStore } from './abfs-store.js';
import { objectStorage } from './object-storage.js';
import { storageOf } from './storage-of.js';

const identity = vi.hoisted(() => ({ made: 0, absent: false }));
vi.mock('@azure/identity', () => ({
  DefaultAzureCredential: class {
    constructor() {
      if (identity.absent) throw new Error('the identity is not there yet');
      identity.made += 1;
    }
    getToken = async () => ({ token: 'of the pod', expiresOnTimestamp: Date.now() + 3_600_000 });
  },
}));

type Found = (problem: null, addresses: { readonly address: string; readonly family: number }[]) => void;
const looked: string[] = [];
const ENV = { FLYTE_STORAGE_RETRIES: '0' };

beforeEach(() => {
  Object.assign(identity, { made: 0, absent: false });
  looked.length = 0;
  // Whoever is asked is on loopback, where nobody speaks TLS.
  vi.spyOn(dns, 'lookup').mockImplementation(((...[host, , found]: [string, unknown, Found]) => {
    looked.push(host);
    found(null, [{ address: '127.0.0.1', family: 4 }]);
  }) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const read = async (uri: string, env: NodeJS.ProcessEnv = ENV): Promise<unknown> =>
  objectStorage(await abfsStore(env)).read(uri, 1);

describe('the token of a pod', () => {
  it.each([
    ['account.dfs.core.windows.net', 'account.blob.core.windows.net'],
    ['Account.blob.core.windows.net', 'account.blob.core.windows.net'],
    ['account.dfs.core.usgovcloudapi.net', 'account.blob.core.usgovcloudapi.net'],
    ['account.dfs.core.chinacloudapi.cn', 'account.blob.core.chinacloudapi.cn'],
    ['dfs', 'dfs.blob.core.windows.net'],
  ])('goes to Azure: %s', async (host, asked) => {
    await expect(read(`abfs://data@${host}/x`)).rejects.toMatchObject({ code: 'unavailable' });
    expect([identity.made, looked]).toEqual([1, [asked]]);
  });

  it.each([
    'elsewhere.invalid',
    'localhost.',
    'account.dfs.core.windows.net.elsewhere.invalid',
    'account.dfscore.windows.net',
    'dfs.core.windows.net',
    'elsewhere.invalid.dfs.core.windows.net',
    'account.queue.core.windows.net',
  ])('goes to no other host that a URI names: %s', async (host) => {
    const refused = read(`abfs://data@${host}/x`);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(refused).rejects.toThrow(/AZURE_STORAGE_ENDPOINT/);
    expect([identity.made, looked]).toEqual([0, []]);
  });

  it('goes to the endpoint that the operator set, whatever host a URI names', async () => {
    const env = { ...ENV, AZURE_STORAGE_ENDPOINT: 'https://store.invalid' };
    await expect(read('abfs://data@elsewhere.invalid/x', env)).rejects.toMatchObject({ code: 'unavailable' });
    expect(looked).toEqual(['store.invalid']);
  });

  it('goes nowhere in plaintext', async () => {
    const refused = read('abfs://data/x', {
      ...ENV,
      AZURE_STORAGE_ACCOUNT_NAME: 'account',
      AZURE_STORAGE_ENDPOINT: 'http://store.invalid',
    });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_configuration' });
    await expect(refused).rejects.toThrow(/AZURE_STORAGE_ENDPOINT is no https/);
    expect([identity.made, looked]).toEqual([0, []]);
  });
});

it('asks anew for an identity that was not there', async () => {
  const storage = objectStorage(await abfsStore(ENV));
  const uri = 'abfs://data@account.dfs.core.windows.net/x';
  identity.absent = true;
  await expect(storage.read(uri, 1)).rejects.toMatchObject({ name: 'FlyteError' });
  identity.absent = false;
  await expect(storage.read(uri, 1)).rejects.toMatchObject({ code: 'unavailable' });
  expect([identity.made, looked]).toEqual([1, ['account.blob.core.windows.net']]);
});

it('has one client for both of its schemes', async () => {
  vi.stubEnv('FLYTE_STORAGE_RETRIES', '0');
  const [plain, secure] = await Promise.all([storageOf('abfs://data/x'), storageOf('ABFSS://data/x')]);
  expect(secure).toBe(plain);
});
