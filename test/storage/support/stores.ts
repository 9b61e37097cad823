import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { run, type Service, startService } from '../../images/support/child.js';
import { ask, freePort } from '../../support/http.js';
import { type Front, startFront } from './front.js';

/** A cloud's store on loopback, which is asked through a {@link Front}. */
export interface TestStore {
  readonly front: Front;
  /** Where objects may be put. */
  readonly folder: string;
  /** The variables by which the library finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** The variable that holds the secret, where the store checks one. */
  readonly secret?: string;
  /** Uploads that were begun, and neither finished nor given up; undefined where the store does not tell. */
  readonly openUploads?: () => Promise<number>;
  stop(): Promise<void>;
}

// The clouds' SDKs would ask a proxy of the environment even for what is on this machine, and keep what they read first.
for (const name of ['NO_PROXY', 'no_proxy']) process.env[name] = '127.0.0.1';

const HERE = join(import.meta.dirname, '..');
const PYTHON = join(HERE, '.python/bin');
const AZURITE = join(HERE, 'azurite/node_modules/azurite/dist/src/blob/main.js');

/**
 * Whether the stores are not on this machine. With `CI=true` that is a failure; elsewhere a line says so, and their tests
 * are skipped. `REAL_STORES=skip` skips them everywhere, for runs after a first one.
 */
export function storesLacking(): boolean {
  if (process.env['REAL_STORES'] === 'skip') {
    process.stderr.write('skipped: storage in clouds: REAL_STORES=skip\n');
    return true;
  }
  if ([join(PYTHON, 'gcp-storage-emulator'), join(PYTHON, 'moto_server'), AZURITE].every(existsSync)) return false;
  const line = 'storage in clouds: the stores are missing; run test/storage/install-stores.sh';
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return true;
}

/** Starts each kind of store, by the scheme of its URIs. @param folder for its log */
export const START_STORE = { s3: startMoto, gs: startGcs, abfs: startAzurite } as const;

/** Keys that are good for some time only, as a role gives them. */
export interface TemporaryKeys {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
}

async function startMoto(folder: string): Promise<TestStore & { readonly temporary: TemporaryKeys }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startService(join(PYTHON, 'moto_server'), ['--host', '127.0.0.1', '--port', `${port}`], {
    // The first six calls make the user and a role; from then on each one is checked.
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: '6' },
    log: join(folder, 'moto.log'),
    ready: () => ask(url, '/moto-api/'),
  });
  const allowed = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
  await iam(url, { Action: 'CreateUser', UserName: 'flyte' });
  const policy = { PolicyName: 'all', PolicyDocument: JSON.stringify(allowed) };
  await iam(url, { Action: 'PutUserPolicy', UserName: 'flyte', ...policy });
  const made = await iam(url, { Action: 'CreateAccessKey', UserName: 'flyte' });
  const [, accessKeyId = ''] = /<AccessKeyId>(.*?)</.exec(made) ?? [];
  const [, secretAccessKey = ''] = /<SecretAccessKey>(.*?)</.exec(made) ?? [];
  await iam(url, { Action: 'CreateRole', RoleName: 'pod', AssumeRolePolicyDocument: JSON.stringify(allowed) });
  await iam(url, { Action: 'PutRolePolicy', RoleName: 'pod', ...policy });
  const assumed = await iam(url, {
    ...{ Action: 'AssumeRole', Version: '2011-06-15', RoleSessionName: 'pod' },
    RoleArn: 'arn:aws:iam::123456789012:role/pod',
  });
  const part = (name: string): string => new RegExp(`<${name}>(.*?)<`).exec(assumed)?.[1] ?? '';
  const temporary: TemporaryKeys = {
    AccessKeyId: part('AccessKeyId'),
    SecretAccessKey: part('SecretAccessKey'),
    Token: part('SessionToken'),
  };
  const front = await startFront(port);
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint: url, forcePathStyle: true, region: 'us-east-1', credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'flyte-data' }));
  return {
    front,
    folder: 's3://flyte-data/a folder',
    env: {
      FLYTE_AWS_ENDPOINT: front.url,
      FLYTE_AWS_ACCESS_KEY_ID: accessKeyId,
      FLYTE_AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    secret: 'FLYTE_AWS_SECRET_ACCESS_KEY',
    temporary,
    async openUploads() {
      const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'flyte-data' }));
      return uploads.length;
    },
    async stop() {
      client.destroy();
      await front.stop();
      await service.stop();
    },
  };
}

async function iam(url: string, call: Readonly<Record<string, string>>): Promise<string> {
  const service = call['Action'] === 'AssumeRole' ? 'sts' : 'iam';
  const scope = `Credential=nobody/20260101/us-east-1/${service}/aws4_request`;
  const { status, text } = await ask(url, '/', {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...call }).toString(),
  });
  if (status !== 200) throw new Error(`moto refused ${call['Action']}: ${status} ${text}`);
  return text;
}

async function startGcs(folder: string): Promise<TestStore> {
  const port = await freePort();
  const args = ['start', '-H', '127.0.0.1', '--port', `${port}`, '--in-memory', '-q', '--default-bucket', 'flyte-data'];
  const service = await startService(join(PYTHON, 'gcp-storage-emulator'), args, {
    env: process.env,
    log: join(folder, 'gcs.log'),
    ready: () => ask(`http://127.0.0.1:${port}`, '/storage/v1/b'),
  });
  const front = await startFront(port);
  return {
    front,
    folder: 'gs://flyte-data/a folder',
    env: { STORAGE_EMULATOR_HOST: front.url },
    async stop() {
      await front.stop();
      await service.stop();
    },
  };
}

const account = 'flytetest';

function azurite(
  folder: string,
  {
    port,
    key,
    ready,
    args = [],
  }: { port: number; key: string; ready: () => Promise<unknown>; args?: readonly string[] },
): Promise<Service> {
  const usual = ['--blobHost', '127.0.0.1', '--blobPort', `${port}`, '--disableTelemetry', '--inMemoryPersistence'];
  return startService(process.execPath, [AZURITE, ...usual, '--skipApiVersionCheck', '--silent', ...args], {
    env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${key}` },
    log: join(folder, 'azurite.log'),
    ready,
  });
}

/**
 * Azurite that takes the tokens of Azure's identities, too, which travel over TLS alone. It looks at whom they are for and until
 * when, and not at their signature.
 *
 * @param tls files of a certificate for 127.0.0.1, and of its key
 */
export async function startAzuriteForTokens(
  folder: string,
  tls: { readonly cert: string; readonly key: string },
): Promise<Pick<TestStore, 'folder' | 'env' | 'stop'>> {
  const port = await freePort();
  const key = randomBytes(64).toString('base64');
  const url = `https://127.0.0.1:${port}/${account}`;
  // Node reads which certificates it trusts when it starts.
  const program = `const { BlobServiceClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
    const who = new StorageSharedKeyCredential('${account}', process.env.KEY);
    const options = { retryOptions: { maxTries: 1 } };
    await new BlobServiceClient('${url}', who, options).getContainerClient('flyte-data').createIfNotExists();`;
  const env = { PATH: process.env['PATH'], KEY: key, NODE_EXTRA_CA_CERTS: tls.cert };
  const ready = () => run(process.execPath, ['--input-type=module', '--eval', program], env);
  const service = await azurite(folder, {
    port,
    key,
    ready,
    args: ['--oauth', 'basic', '--cert', tls.cert, '--key', tls.key],
  });
  return {
    folder: 'abfs://flyte-data/a folder',
    env: { AZURE_STORAGE_ACCOUNT_NAME: account, AZURE_STORAGE_ENDPOINT: url, NODE_EXTRA_CA_CERTS: tls.cert },
    stop: service.stop,
  };
}

async function startAzurite(folder: string): Promise<TestStore> {
  const port = await freePort();
  const key = randomBytes(64).toString('base64');
  const service = await azurite(folder, { port, key, ready: () => ask(`http://127.0.0.1:${port}`, '/') });
  const front = await startFront(port);
  const credential = new StorageSharedKeyCredential(account, key);
  const url = `http://127.0.0.1:${port}/${account}`;
  await new BlobServiceClient(url, credential).getContainerClient('flyte-data').create();
  return {
    front,
    folder: 'abfs://flyte-data/a folder',
    env: {
      AZURE_STORAGE_ACCOUNT_NAME: account,
      AZURE_STORAGE_ACCOUNT_KEY: key,
      AZURE_STORAGE_ENDPOINT: `${front.url}/${account}`,
    },
    secret: 'AZURE_STORAGE_ACCOUNT_KEY',
    async stop() {
      await front.stop();
      await service.stop();
    },
  };
}
