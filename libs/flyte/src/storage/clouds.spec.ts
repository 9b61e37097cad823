import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { START_STORE, storesLacking, type TestStore } from '../../../../test/storage/support/stores.js';
import { abfsStore } from './abfs-store.js';
import { gsStore } from './gs-store.js';
import { objectStorage } from './object-storage.js';
import { s3Store } from './s3-store.js';
import type { Storage, StoredFile } from './storage.js';

const OPEN = { s3: s3Store, gs: gsStore, abfs: abfsStore } as const;
const SCHEMES = ['s3', 'gs', 'abfs'] as const;
const MiB = 1024 * 1024;
/** Google's SDK does not notice a connection that broke: only that nothing comes any more. */
const IDLE_MS = 10_000;
const KEYS = ['a b', 'ü+%20%', 'q?x=1#y', "it's(1)*!~", 'deep/er', '&<>"', 'ends.', '日本'];

/** As many MiB, each of its own byte, and then an error where one is given. */
async function* mebibytes(count: number, problem?: Error): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(MiB, index);
  if (problem) throw problem;
}
async function digest(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return hash.digest('hex');
}
async function listed(files: AsyncIterable<StoredFile>): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for await (const file of files) found.push(file);
  return found;
}

const lacking = storesLacking();

describe.each(SCHEMES)('storage under %s://', { skip: lacking }, (scheme) => {
  let logs: string;
  let store: TestStore;
  let storage: Storage;
  const uriOf = (name: string): string => `${store.folder}/${name}`;
  const open = async (changes: Readonly<Record<string, string>> = {}): Promise<Storage> =>
    objectStorage(await OPEN[scheme]({ ...store.env, ...changes }), IDLE_MS);

  beforeAll(async () => {
    logs = mkdtempSync(join(tmpdir(), 'nestjs-flyte-clouds-'));
    store = await START_STORE[scheme](logs);
  });
  beforeEach(async () => {
    // Google's SDK reads the address of its stand-in there, and nowhere else.
    vi.stubEnv('STORAGE_EMULATOR_HOST', store.env['STORAGE_EMULATOR_HOST']);
    // It would look for one on the network.
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    storage = await open();
    store.front.asked.length = 0;
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await store.stop();
    rmSync(logs, { recursive: true, force: true });
  });

  it('keeps bytes under keys of all kinds, as they are written', async () => {
    for (const key of KEYS) {
      await storage.write(uriOf(`keys/${key}`), Buffer.from('before'));
      await storage.write(uriOf(`keys/${key}`), Buffer.from(key));
      const bytes = await storage.read(uriOf(`keys/${key}`), 100);
      expect(Buffer.from(bytes).toString()).toBe(key);
    }
    await storage.write(uriOf('keys.txt'), Buffer.from('beside the folder'));
    const expected = KEYS.map((key) => ({ uri: uriOf(`keys/${key}`), size: Buffer.byteLength(key) }));
    const byUri = (a: StoredFile, b: StoredFile): number => (a.uri < b.uri ? -1 : 1);
    for (const folder of [uriOf('keys'), uriOf('keys/')]) {
      expect((await listed(storage.list(folder))).toSorted(byUri)).toEqual(expected.toSorted(byUri));
    }
    await expect(listed(storage.list(uriOf('gone')))).resolves.toEqual([]);
  });

  it('keeps what is empty, and reads no more than it may', async () => {
    await storage.write(uriOf('empty'), new Uint8Array());
    await storage.save(uriOf('saved empty'), mebibytes(0));
    await expect(storage.read(uriOf('empty'), 0)).resolves.toEqual(new Uint8Array());
    await expect(storage.read(uriOf('saved empty'), 0)).resolves.toEqual(new Uint8Array());
    await storage.write(uriOf('three'), new Uint8Array([1, 2, 3]));
    await expect(storage.read(uriOf('three'), 2)).rejects.toMatchObject({ code: 'out_of_range' });
  });

  it('streams 40 MiB both ways, also where the store fails twice and the connection breaks', async () => {
    const asSent = await digest(mebibytes(40));
    store.front.fail(2);
    await storage.save(uriOf('large'), mebibytes(40));
    store.front.fail(2);
    store.front.breakAfter(5 * MiB + 7);
    await expect(digest(await storage.open(uriOf('large')))).resolves.toBe(asSent);
    const sent = store.front.asked.filter((request) => /^(PUT|POST) /.test(request));
    expect(sent.length).toBeGreaterThan(3);
  }, 600_000);

  it('asks again where the store fails twice, and says so where it fails for good', async () => {
    store.front.fail(2);
    await storage.write(uriOf('again'), new Uint8Array([7]));
    store.front.fail(2);
    await expect(storage.read(uriOf('again'), 1)).resolves.toEqual(new Uint8Array([7]));
    const hasty = await open({ FLYTE_STORAGE_RETRIES: '0' });
    store.front.fail(1);
    await expect(hasty.read(uriOf('again'), 1)).rejects.toMatchObject({ code: 'unavailable' });
    store.front.fail(0);
  });

  it('keeps nothing of a save that ends early, and throws what the source threw', async () => {
    const problem = new Error('of the source');
    await expect(storage.save(uriOf('broken'), mebibytes(40, problem))).rejects.toBe(problem);
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield* mebibytes(20);
      stop.abort();
      await new Promise(() => undefined);
    }
    await expect(storage.save(uriOf('broken'), endless(), stop.signal)).rejects.toMatchObject({ code: 'canceled' });
    await expect(storage.read(uriOf('broken'), 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('gives up the parts of a save that ends early', async (test) => {
    test.skip(!store.openUploads, `the stand-in under ${scheme}:// tells of no uploads under way`);
    await expect(storage.save(uriOf('parts'), mebibytes(40, new Error('of the source')))).rejects.toThrow(
      'of the source',
    );
    await expect(store.openUploads?.()).resolves.toBe(0);
  });

  it('ends a stream when its signal fires', async () => {
    await storage.write(uriOf('to be stopped'), Buffer.alloc(4 * MiB));
    const stop = new AbortController();
    const stream = await storage.open(uriOf('to be stopped'), stop.signal);
    stream.once('data', () => stop.abort());
    await expect(stream.toArray()).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
  });

  it('says which object and which bucket are missing', async () => {
    const read = storage.read(uriOf('gone'), 1);
    await expect(read).rejects.toMatchObject({ code: 'not_found' });
    await expect(read).rejects.toThrow(/there is no "a folder\/gone" in "flyte-data" \(404/);
    const elsewhere = `${scheme}://no-such-bucket/x`;
    await expect(storage.read(elsewhere, 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each(['/x/../y', '/./x', '/', '/folder/', ''])('takes no key that is %j', async (key) => {
    await expect(storage.write(`${scheme}://flyte-data${key}`, new Uint8Array())).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    expect(store.front.asked).toEqual([]);
  });

  it('says who was refused, and shows no secret', async (test) => {
    const { secret = '', env } = store;
    test.skip(secret === '', `the stand-in under ${scheme}:// lets everybody in`);
    const wrong = Buffer.from('a wrong secret of the tests').toString('base64');
    const refused = await open({ [secret]: wrong });
    for (const call of [
      () => refused.read(uriOf('x'), 1),
      () => refused.write(uriOf('x'), new Uint8Array()),
      () => refused.save(uriOf('x'), mebibytes(20)),
      () => listed(refused.list(store.folder)),
    ]) {
      const problem: unknown = await call().catch((error: unknown) => error);
      expect(problem).toMatchObject({ name: 'FlyteError', code: 'permission_denied' });
      const text = inspect(problem, { depth: 20, showHidden: true });
      expect(text).toMatch(
        /the store refuses \(403 .*flyte-data.*Asked as the .*(FLYTE_AWS_ACCESS_KEY_ID|AZURE_STORAGE_ACCOUNT_KEY)/s,
      );
      for (const hidden of [
        wrong,
        env[secret],
        env['FLYTE_AWS_ACCESS_KEY_ID'],
        'AWS4-HMAC',
        'Signature=',
        'SharedKey ',
      ]) {
        if (hidden !== undefined) expect(text).not.toContain(hidden);
      }
    }
  });
});
