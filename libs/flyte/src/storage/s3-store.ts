import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { FlyteError } from '../errors/flyte-error.js';
import { loadSdk, retriesOf } from './cloud-sdk.js';
import { type ObjectStore, PART_BYTES, PARTS_AT_ONCE } from './object-store.js';

const problem = z.object({
  name: z.string().optional(),
  code: z.string().optional(),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});

/**
 * S3, and what speaks as it does. Endpoint, credentials and addressing are found as by the Python SDK: in the variables
 * `FLYTE_AWS_…`, else by AWS's own chain.
 */
export async function s3Store(env: NodeJS.ProcessEnv): Promise<ObjectStore> {
  const { sdk, Upload } = await loadSdk('s3', ['@aws-sdk/client-s3@3', '@aws-sdk/lib-storage@3'], async () => {
    const [s3, lib] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
    return { sdk: s3, Upload: lib.Upload };
  });
  const endpoint = endpointOf(env);
  const keys = keysOf(env);
  const config: S3ClientConfig = {
    ...(endpoint !== undefined && { endpoint }),
    ...(keys && { credentials: keys }),
    forcePathStyle: pathStyle(env, endpoint),
    followRegionRedirects: true,
    maxAttempts: retriesOf(env) + 1,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    // What speaks as S3 does need not know checksums that are younger than it.
    ...(endpoint !== undefined && {
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
  };
  const client = await inSomeRegion(sdk.S3Client, config);

  return {
    async get({ bucket, key }, from, signal) {
      const range = from && { Range: `bytes=${from.offset}-`, IfMatch: from.version };
      const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...range });
      const {
        Body: body,
        ContentLength: size = 0,
        ETag: version = '',
      } = await client.send(command, {
        ...(signal && { abortSignal: signal }),
      });
      if (!(body instanceof Readable)) throw new FlyteError('internal', 'The AWS SDK gave no stream.');
      return { body, size, version };
    },

    put: async ({ bucket, key }, bytes) =>
      client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })),

    // It aborts its upload, so that no part stays, where its source fails: its own abort() does not wait for that.
    upload: async ({ bucket, key }, source) =>
      new Upload({
        client,
        params: { Bucket: bucket, Key: key, Body: source },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      }).done(),

    async *list({ bucket, key }) {
      for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key })) {
        for (const object of page.Contents ?? []) yield { key: object.Key ?? '', size: object.Size ?? 0 };
      }
    },

    problemOf(error) {
      const { name, code, $metadata } = problem.safeParse(error).data ?? {};
      const advice = name === 'CredentialsProviderError' ? NO_CREDENTIALS : undefined;
      return { status: $metadata?.httpStatusCode, code: code ?? name, advice };
    },

    async identity() {
      const { accessKeyId } = await client.config.credentials();
      const where = endpoint === undefined ? '' : `, at ${new URL(endpoint).host}`;
      return `the access key ${masked(accessKeyId)} from ${keys ? ACCESS_KEY_ID : "AWS's own chain"}${where}`;
    },
  };
}

const [ENDPOINT, ACCESS_KEY_ID, SECRET, STYLE] = [
  'FLYTE_AWS_ENDPOINT',
  'FLYTE_AWS_ACCESS_KEY_ID',
  'FLYTE_AWS_SECRET_ACCESS_KEY',
  'FLYTE_AWS_S3_ADDRESSING_STYLE',
] as const;
const NO_CREDENTIALS =
  `Set ${ACCESS_KEY_ID} and ${SECRET}, or what AWS's SDKs read: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ` +
  'a profile, or the role of the pod or the machine.';

function endpointOf(env: NodeJS.ProcessEnv): string | undefined {
  const given = env[ENDPOINT] || env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined;
  if (given === undefined || (/^https?:\/\/[^/]/.test(given) && URL.canParse(given))) return given;
  // It is not shown, as a password may be in it.
  throw new FlyteError(
    'invalid_configuration',
    `${ENDPOINT} is no URL; a valid example: "https://minio.internal:9000".`,
  );
}

function keysOf(env: NodeJS.ProcessEnv): (S3ClientConfig['credentials'] & object) | undefined {
  const [accessKeyId, secretAccessKey] = [env[ACCESS_KEY_ID], env[SECRET]];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  if (!accessKeyId && !secretAccessKey) return undefined;
  const [given, missing] = accessKeyId ? [ACCESS_KEY_ID, SECRET] : [SECRET, ACCESS_KEY_ID];
  throw new FlyteError('invalid_configuration', `${given} is set, and ${missing} is not: set both or neither.`);
}

/** Stores of one's own seldom have a host name for each bucket. */
function pathStyle(env: NodeJS.ProcessEnv, endpoint: string | undefined): boolean {
  const style = env[STYLE];
  return style ? style !== 'virtual' : endpoint !== undefined;
}

/** The region that AWS's configuration names, else S3's first, from where S3 leads to the right one. */
async function inSomeRegion(Client: typeof S3Client, config: S3ClientConfig): Promise<S3Client> {
  const client = quietly(() => new Client(config));
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    return new Client({ ...config, region: 'us-east-1' });
  }
}

/**
 * Makes a client without the SDK's warning that Node 20 is old, which tells nothing to who reads an action's log. Can go when Node
 * 20 is not supported any more.
 */
function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** No secret, but somebody may have put one here by mistake. */
function masked(accessKeyId: string): string {
  return accessKeyId.length < 16 ? '…' : `${accessKeyId.slice(0, 4)}…`;
}
