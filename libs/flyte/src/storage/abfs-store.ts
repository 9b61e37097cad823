import type { TokenCredential } from '@azure/identity';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { FlyteError } from '../errors/flyte-error.js';
import { loadSdk, retriesOf } from './cloud-sdk.js';
import { kept } from './kept.js';
import { type ObjectPlace, type ObjectStore, PART_BYTES, PARTS_AT_ONCE } from './object-store.js';

const problem = z.object({
  name: z.string().optional(),
  code: z.string().optional(),
  statusCode: z.number().optional(),
});

/** The account and its public endpoint: of `container@account.dfs.core.windows.net`, else of the variables. */
interface Account {
  readonly name: string;
  readonly endpoint: string;
}

/**
 * Azure Blob Storage, under `abfs://container/…` and `abfs://container@account.dfs.core.windows.net/…`. Account and
 * credentials are found as by the Python SDK: `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, else Azure's
 * own chain, which reads `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`.
 */
export async function abfsStore(env: NodeJS.ProcessEnv): Promise<ObjectStore> {
  const sdk = await loadSdk('abfs', ['@azure/storage-blob@12'], () => import('@azure/storage-blob'));
  const retryOptions = { maxTries: retriesOf(env) + 1, retryDelayInMs: 200, maxRetryDelayInMs: 16_000 };
  // By container and host.
  const containerOf = kept(async (bucket: string): Promise<ContainerClient> => {
    const [container = '', host] = bucket.split('@');
    const account = accountOf(host, env);
    const key = keyOf(account, env);
    // The SDK refuses that too, by an error that seems to pass.
    if (key === undefined && account.endpoint.startsWith('http:')) {
      throw new FlyteError(
        'invalid_configuration',
        `${ENDPOINT} is no https:// URL, and no token goes to another one: correct it, or set ${ACCOUNT_KEY}.`,
      );
    }
    const credential =
      key === undefined ? await defaultCredential() : new sdk.StorageSharedKeyCredential(account.name, key);
    return new sdk.BlobServiceClient(account.endpoint, credential, { retryOptions }).getContainerClient(container);
  });

  async function blobOf({ bucket, key }: ObjectPlace): Promise<BlockBlobClient> {
    return (await containerOf(bucket)).getBlockBlobClient(key);
  }

  return {
    async get(place, from, signal) {
      const answer = await (
        await blobOf(place)
      ).download(from?.offset, undefined, {
        ...(signal && { abortSignal: signal }),
        ...(from && { conditions: { ifMatch: from.version } }),
      });
      const { readableStreamBody: body, contentLength: size = 0, etag: version = '' } = answer;
      if (!(body instanceof Readable)) throw new FlyteError('internal', 'The Azure SDK gave no stream.');
      return { body, size, version };
    },

    put: async (place, bytes) => (await blobOf(place)).upload(bytes, bytes.length),

    upload: async (place, source) => (await blobOf(place)).uploadStream(source, PART_BYTES, PARTS_AT_ONCE),

    async *list({ bucket, key }) {
      for await (const blob of (await containerOf(bucket)).listBlobsFlat({ prefix: key })) {
        yield { key: blob.name, size: blob.properties.contentLength ?? 0 };
      }
    },

    problemOf(error) {
      const { name, code, statusCode } = problem.safeParse(error).data ?? {};
      const advice = NOBODY.has(name ?? '') ? NO_CREDENTIALS : undefined;
      return { status: statusCode, code: code ?? name, advice };
    },

    async identity({ bucket }) {
      const account = accountOf(bucket.split('@')[1], env);
      const who = keyOf(account, env) === undefined ? "Azure's default credentials" : `the holder of ${ACCOUNT_KEY}`;
      return `${who}, of the account ${JSON.stringify(account.name)}`;
    },
  };
}

const [ACCOUNT_NAME, ACCOUNT_KEY, ENDPOINT] = [
  'AZURE_STORAGE_ACCOUNT_NAME',
  'AZURE_STORAGE_ACCOUNT_KEY',
  'AZURE_STORAGE_ENDPOINT',
] as const;
const NOBODY = new Set(['CredentialUnavailableError', 'AggregateAuthenticationError']);
const NO_CREDENTIALS =
  `Set ${ACCOUNT_KEY}, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, ` +
  'or give the pod a workload identity or the machine a managed one.';

/**
 * Azure's hosts, of which the first label is the account. The token of a pod is good for any account, so it goes to nobody
 * else because a URI says so.
 */
const HOST = /^([a-z0-9-]+)\.(?:dfs|blob)\.(core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn))$/;

function accountOf(given: string | undefined, env: NodeJS.ProcessEnv): Account {
  const host = given?.toLowerCase();
  const name = host?.split('.')[0] ?? env[ACCOUNT_NAME];
  if (!name) {
    throw new FlyteError(
      'invalid_configuration',
      `Set ${ACCOUNT_NAME}, or name the account in the URI: "abfs://container@account.dfs.core.windows.net/file".`,
    );
  }
  const endpoint = env[ENDPOINT] || `https://${name}.blob.${domainOf(host)}`;
  if (/^https?:\/\/[^/]/.test(endpoint) && URL.canParse(endpoint)) return { name, endpoint };
  throw new FlyteError(
    'invalid_configuration',
    `${ENDPOINT} is no URL; a valid example: "https://account.blob.core.windows.net".`,
  );
}

function domainOf(host: string | undefined): string {
  if (!host?.includes('.')) return 'core.windows.net';
  const domain = HOST.exec(host)?.[2];
  if (domain !== undefined) return domain;
  throw new FlyteError(
    'invalid_argument',
    `${JSON.stringify(host)} is no host of Azure's storage, and gets no credentials: a URI names one as ` +
      `"account.dfs.core.windows.net". A store elsewhere is named by ${ENDPOINT}.`,
  );
}

/** The key is that of one account. */
function keyOf({ name }: Account, env: NodeJS.ProcessEnv): string | undefined {
  return name === env[ACCOUNT_NAME] && env[ACCOUNT_KEY] ? env[ACCOUNT_KEY] : undefined;
}

async function defaultCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await loadSdk('abfs', ['@azure/identity@4'], () => import('@azure/identity'));
  return new DefaultAzureCredential();
}
