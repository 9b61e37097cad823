import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainSkip, selfSigned } from '../../../../test/flyte-local/support.js';
import { startAzuriteForTokens, storesLacking } from '../../../../test/storage/support/stores.js';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const certificate = selfSigned();
const lacking = storesLacking();
explainSkip(certificate === undefined, "abfs:// by Azure's own chain: openssl is not there");

describe("abfs:// by Azure's own chain", { skip: lacking || certificate === undefined }, () => {
  let folder: string;
  let store: Awaited<ReturnType<typeof startAzuriteForTokens>>;
  /** What gives a machine its tokens: the metadata of a virtual machine, or the agent of an app service. */
  let giver: Server;
  let url: string;
  let audience = '';
  /** What it was asked for. */
  const asked: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-chain-'));
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(tls.cert, certificate?.cert ?? '');
    writeFileSync(tls.key, certificate?.key ?? '');
    store = await startAzuriteForTokens(folder, tls);
    giver = createServer(({ url: path = '', headers }, response) => {
      const { searchParams } = new URL(path, 'http://giver');
      asked.push(`${searchParams.get('resource')} ${String(headers['x-identity-header'] ?? headers['metadata'])}`);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(token()));
    });
    await once(giver.listen(0, '127.0.0.1'), 'listening');
    const address = giver.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(async () => {
    giver.closeAllConnections();
    giver.close();
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function token(): unknown {
    const now = Math.floor(Date.now() / 1000);
    const [nbf, exp] = [now - 60, now + 3600];
    const claims = { aud: audience, iss: 'https://sts.windows.net/tenant/', nbf, iat: nbf, exp };
    const token = [{ typ: 'JWT', alg: 'RS256' }, claims].map(base64).join('.');
    return { access_token: `${token}.c2lnbmVk`, token_type: 'Bearer', expires_on: `${exp}`, resource: audience };
  }

  /** Keeps a MiB, and reads it back, in a process that has nothing but these variables. */
  const move = async (env: Readonly<Record<string, string>>): Promise<number> => {
    const program = resolve('test/storage/support/move.mjs');
    const { stdout } = await run(process.execPath, [program, `${store.folder}/by the chain`, '1'], {
      env: { PATH: process.env['PATH'], HOME: folder, ...store.env, ...env },
    });
    return (JSON.parse(stdout) as { bytes: number }).bytes;
  };
  const ofMachine = (): Record<string, string> => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url });

  it.each<[string, () => Record<string, string>, string]>([
    ['the identity of a machine', ofMachine, 'https://storage.azure.com true'],
    [
      'the identity of an app',
      () => ({ IDENTITY_ENDPOINT: `${url}/token`, IDENTITY_HEADER: 'by-the-agent' }),
      'https://storage.azure.com by-the-agent',
    ],
  ])('takes %s', async (_, env, expected) => {
    asked.length = 0;
    audience = 'https://storage.azure.com';
    expect(await move(env())).toBe(MiB);
    expect(asked).toContain(expected);
  });

  it('says what is wrong where the store does not take its token, and nothing of the token', async () => {
    audience = 'https://elsewhere.example';
    const failure: unknown = await move(ofMachine()).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/the store refuses .*Asked as Azure's default credentials/);
    expect(String(failure)).not.toMatch(/c2lnbmVk|eyJ/);
  });
});
