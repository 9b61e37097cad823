import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { START_STORE, storesLacking } from '../../../../test/storage/support/stores.js';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const EXPIRES = '2999-01-01T00:00:00Z';

describe("s3:// by AWS's own chain", { skip: storesLacking() }, () => {
  let folder: string;
  let store: Awaited<ReturnType<typeof START_STORE.s3>>;
  /** What gives a pod or a machine its keys: STS, the agent of a cluster, the metadata of an instance. */
  let giver: Server;
  let url: string;
  /** Who asked it, and by what. */
  const asked: string[] = [];
  const key = (name: 'ACCESS_KEY_ID' | 'SECRET_ACCESS_KEY'): string => store.env[`FLYTE_AWS_${name}`] ?? '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-chain-'));
    store = await START_STORE.s3(folder);
    giver = createServer((request, response) => {
      void (async () => {
        const form = new URLSearchParams(await text(request));
        const { headers, url: path = '' } = request;
        const by = form.get('WebIdentityToken') ?? headers.authorization ?? headers['x-aws-ec2-metadata-token'];
        asked.push(`${form.get('Action') ?? path} ${typeof by === 'string' ? by : 'nobody'}`);
        response.end(given(path, form));
      })();
    });
    await once(giver.listen(0, '127.0.0.1'), 'listening');
    const address = giver.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    mkdirSync(join(folder, '.aws'));
    writeFileSync(
      join(folder, '.aws/credentials'),
      profile('good', key('SECRET_ACCESS_KEY')) + profile('bad', 'wrong'),
    );
    writeFileSync(join(folder, 'token'), 'token-of-the-pod');
  });
  afterAll(async () => {
    giver.closeAllConnections();
    giver.close();
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const profile = (name: string, secret: string): string =>
    `[${name}]\naws_access_key_id = ${key('ACCESS_KEY_ID')}\naws_secret_access_key = ${secret}\n`;

  function given(path: string, form: URLSearchParams): string {
    const { Token, ...keys } = store.temporary;
    if (form.get('Action') === 'AssumeRoleWithWebIdentity') {
      const parts = Object.entries({ ...keys, SessionToken: Token, Expiration: EXPIRES });
      const credentials = parts.map(([name, value]) => `<${name}>${value}</${name}>`).join('');
      const result = `<Credentials>${credentials}</Credentials>`;
      return `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
    }
    if (path === '/latest/api/token') return 'token-of-the-machine';
    if (path === '/latest/meta-data/iam/security-credentials/') return 'role';
    return JSON.stringify({ Code: 'Success', ...keys, Token, Expiration: EXPIRES });
  }

  /** Keeps a MiB, and reads it back, in a process that has nothing but these variables. */
  const move = async (env: Readonly<Record<string, string>>): Promise<number> => {
    const program = resolve('test/storage/support/move.mjs');
    const { stdout } = await run(process.execPath, [program, `${store.folder}/by the chain`, '1'], {
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        FLYTE_AWS_ENDPOINT: store.env['FLYTE_AWS_ENDPOINT'],
        AWS_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...env,
      },
    });
    return (JSON.parse(stdout) as { bytes: number }).bytes;
  };

  it.each<[string, () => Record<string, string>, string[]]>([
    ['a profile', () => ({ AWS_PROFILE: 'good' }), []],
    [
      "the role of a pod's service account",
      () => ({
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/flyte',
        AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
        AWS_ENDPOINT_URL_STS: url,
      }),
      ['AssumeRoleWithWebIdentity token-of-the-pod'],
    ],
    [
      "the agent of a pod's identity",
      () => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: 'by-the-cluster',
      }),
      ['/keys by-the-cluster'],
    ],
    [
      'the role of the machine',
      () => ({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url }),
      ['/latest/meta-data/iam/security-credentials/role token-of-the-machine'],
    ],
  ])('takes %s', async (_, env, expected) => {
    asked.length = 0;
    expect(await move(env())).toBe(MiB);
    expect(asked).toEqual(expect.arrayContaining(expected));
  });

  it.each([
    ['whose secret is wrong', { AWS_PROFILE: 'bad' }, /permission_denied|AccessDenied|SignatureDoesNotMatch/],
    ['that there is none', {}, /FLYTE_AWS_ACCESS_KEY_ID/],
  ])('says of an identity %s what is wrong', async (_, env, message) => {
    await expect(move(env)).rejects.toThrow(message);
  });
});
