import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { abfsStore } from './abfs-store.js';
import { gsStore } from './gs-store.js';
import { objectStorage } from './object-storage.js';
import { s3Store } from './s3-store.js';
import type { Storage } from './storage.js';

const MiB = 1024 * 1024;
/** Longer than any test. */
const NEVER_MS = 3_600_000;

let server: Server;
/** How the store of a test answers. */
let answer: RequestListener;
let url: string;

beforeEach(async () => {
  server = createServer((...call) => answer(...call)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('STORAGE_EMULATOR_HOST', url);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

const env = (): Record<string, string> => ({
  FLYTE_STORAGE_RETRIES: '0',
  FLYTE_AWS_ENDPOINT: url,
  FLYTE_AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  FLYTE_AWS_SECRET_ACCESS_KEY: 'hidden',
  AZURE_STORAGE_ACCOUNT_NAME: 'account',
  AZURE_STORAGE_ACCOUNT_KEY: 'aGlkZGVu',
  AZURE_STORAGE_ENDPOINT: `${url}/account`,
  STORAGE_EMULATOR_HOST: url,
});
const OPEN = { s3: s3Store, gs: gsStore, abfs: abfsStore } as const;
const open = async (scheme: keyof typeof OPEN): Promise<Storage> => objectStorage(await OPEN[scheme](env()), NEVER_MS);

/** Answers a file's head, and then nothing. */
const silent: RequestListener = ({ url: asked = '' }, response) => {
  // Google's is asked of the file first, and then for it.
  if (asked.includes('/o/') && !asked.includes('alt=media')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{ "size": "100", "generation": "1" }');
    return;
  }
  response.writeHead(200, { 'content-length': '100', etag: '"1"', 'last-modified': new Date(0).toUTCString() });
  response.flushHeaders();
};

describe.each(['s3', 'gs', 'abfs'] as const)('storage under %s://', (scheme) => {
  // An error that nobody hears fails the whole run.
  it('lets a stream that nobody reads end by its signal', async () => {
    answer = silent;
    const stop = new AbortController();
    const stream = await (await open(scheme)).open(`${scheme}://bucket/key`, stop.signal);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stop.abort();
    await closed;
    await expect(stream.toArray()).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
  });

  it('hears a signal that fires while it asks', async () => {
    const stop = new AbortController();
    answer = (...call) => {
      stop.abort();
      silent(...call);
    };
    const read = (await open(scheme)).open(`${scheme}://bucket/key`, stop.signal).then((stream) => stream.toArray());
    await expect(read).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
  });

  it('ends the source of what the store refuses', async () => {
    answer = (request, response) => request.resume().once('end', () => response.writeHead(403).end());
    const storage = await open(scheme);
    let save: Promise<void> | undefined;
    await new Promise<void>((ended) => {
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) yield Buffer.alloc(MiB);
        } finally {
          ended();
        }
      }
      save = storage.save(`${scheme}://bucket/key`, endless());
      save.catch(() => undefined);
    });
    await expect(save).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

it('lists the files of a bucket that is called as its scheme', async () => {
  answer = (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(
        '<?xml version="1.0"?><EnumerationResults><Blobs><Blob><Name>x/y</Name><Properties>' +
          '<Content-Length>3</Content-Length></Properties></Blob></Blobs><NextMarker/></EnumerationResults>',
      );
  const found: unknown[] = [];
  for await (const file of (await open('abfs')).list('abfs://abfs/x')) found.push(file);
  expect(found).toEqual([{ uri: 'abfs://abfs/x/y', size: 3 }]);
});

it('says what there was no answer of', async () => {
  const store = await gsStore(env());
  expect([store.problemOf(new Error('of no code')).code, store.problemOf({ code: 'ECONNRESET' }).code]).toEqual([
    undefined,
    'ECONNRESET',
  ]);
});
