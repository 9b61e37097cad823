import { execFile } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { objectStorage } from './object-storage.js';
import { s3Store } from './s3-store.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-s3-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('S3 by the variables', () => {
  it.each([
    [{ FLYTE_AWS_ACCESS_KEY_ID: 'AKIA' }, /FLYTE_AWS_ACCESS_KEY_ID is set, and FLYTE_AWS_SECRET_ACCESS_KEY is not/],
    [{ FLYTE_AWS_SECRET_ACCESS_KEY: 'hidden' }, /SECRET_ACCESS_KEY is set, and FLYTE_AWS_ACCESS_KEY_ID is not/],
    [{ FLYTE_AWS_ENDPOINT: 'minio.internal:9000' }, /FLYTE_AWS_ENDPOINT is no URL; a valid example/],
    [{ FLYTE_STORAGE_RETRIES: 'many' }, /FLYTE_STORAGE_RETRIES is "many", and takes a whole number/],
  ])('refuses %j', async (env, message) => {
    const opened = s3Store(env);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toMatchObject({ code: 'invalid_configuration' });
    await expect(opened).rejects.not.toThrow(/hidden/);
  });

  it('says where nothing answers', async () => {
    const env = { FLYTE_AWS_ENDPOINT: 'http://127.0.0.1:1', FLYTE_STORAGE_RETRIES: '0', ...KEYS };
    const read = objectStorage(await s3Store(env)).read('s3://bucket/key', 1);
    await expect(read).rejects.toMatchObject({ code: 'unavailable' });
    await expect(read).rejects.toThrow(
      /ECONNREFUSED.*the access key AKIA… from FLYTE_AWS_ACCESS_KEY_ID, at 127.0.0.1:1/s,
    );
  });

  it.each([
    ['by path, for an endpoint of its own', '', 'store.invalid', '/bucket/a%20key'],
    ['by host name, where asked to', 'virtual', 'bucket.store.invalid', '/a%20key'],
  ])('names a bucket %s', async (_, style, host, path) => {
    const asked: string[] = [];
    const server = createServer(({ headers, url }, answer) => {
      asked.push(`${headers.host}${url?.replace(/\?.*/, '')}`);
      answer.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((...[, , found]: [string, unknown, Found]) => {
      found(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as never);
    const endpoint = `http://store.invalid:${port}`;
    const env = { FLYTE_AWS_ENDPOINT: endpoint, FLYTE_AWS_S3_ADDRESSING_STYLE: style, ...KEYS };
    const read = objectStorage(await s3Store(env)).read('s3://bucket/a key', 1);
    await expect(read).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toEqual([`${host}:${port}${path}`]);
    lookup.mockRestore();
    server.close();
    server.closeAllConnections();
  });
});

type Found = (problem: null, addresses: { readonly address: string; readonly family: number }[]) => void;
const KEYS = { FLYTE_AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', FLYTE_AWS_SECRET_ACCESS_KEY: 'hidden' };

it('names what to install where a cloud has no SDK, with the versions that the package takes', async () => {
  const bare = join(folder, 'bare');
  mkdirSync(join(bare, 'node_modules'), { recursive: true });
  for (const part of ['storage', 'chunks'])
    cpSync(resolve('libs/flyte/dist', part), join(bare, part), { recursive: true });
  writeFileSync(join(bare, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(bare, 'main.js'),
    `import { storageOf } from './storage/storage-of.js';
     const uris = ['s3://b/k', 'gs://b/k', 'abfs://b/k'];
     const read = async (uri) => (await storageOf(uri)).read(uri, 1);
     const said = await Promise.all(uris.map((uri) => read(uri).catch(({ code, message }) => ({ code, message }))));
     console.log(JSON.stringify(said));`,
  );
  const { stdout } = await run(process.execPath, [join(bare, 'main.js')]);
  const missing = (scheme: string, packages: string): unknown => ({
    code: 'failed_precondition',
    message: expect.stringMatching(
      new RegExp(`Storage under ${scheme}:// needs .*ERR_MODULE_NOT_FOUND.*: npm install ${packages}$`),
    ),
  });
  expect(JSON.parse(stdout)).toEqual([
    missing('s3', '@aws-sdk/client-s3@3 @aws-sdk/lib-storage@3'),
    missing('gs', '@google-cloud/storage@7'),
    missing('abfs', '@azure/storage-blob@12'),
  ]);
  const manifest: unknown = JSON.parse(readFileSync('libs/flyte/package.json', 'utf8'));
  expect(manifest).toMatchObject({
    peerDependencies: {
      '@aws-sdk/client-s3': expect.stringMatching(/^\^3\./),
      '@aws-sdk/lib-storage': expect.stringMatching(/^\^3\./),
      '@azure/identity': expect.stringMatching(/^\^4\./),
      '@azure/storage-blob': expect.stringMatching(/^\^12\./),
      '@google-cloud/storage': expect.stringMatching(/^\^7\./),
    },
  });
});
