import type { File } from '@google-cloud/storage';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { loadSdk, retriesOf } from './cloud-sdk.js';
import { type ObjectPlace, type ObjectStore, PART_BYTES } from './object-store.js';

const problem = z.object({
  code: z.union([z.number(), z.string()]).optional(),
  status: z.number().optional(),
  message: z.string().optional(),
  errors: z.array(z.object({ reason: z.string().optional() })).optional(),
});
const listed = z.object({ name: z.string(), size: z.coerce.number() });
const metadata = z.object({ size: z.coerce.number(), generation: z.coerce.string() });

/**
 * Google Cloud Storage, with Google's default credentials, as for the Python SDK: `GOOGLE_APPLICATION_CREDENTIALS`, or the
 * identity of the pod or the machine.
 */
export async function gsStore(env: NodeJS.ProcessEnv): Promise<ObjectStore> {
  const { Storage, IdempotencyStrategy } = await loadSdk(
    'gs',
    ['@google-cloud/storage@7'],
    () => import('@google-cloud/storage'),
  );
  const retries = retriesOf(env);
  const storage = new Storage({
    retryOptions: {
      // For this SDK, no retries would be its default number of them.
      autoRetry: retries > 0,
      maxRetries: retries,
      // An object that is written twice is the same object.
      idempotencyStrategy: IdempotencyStrategy.RetryAlways,
    },
  });
  const fileOf = ({ bucket, key }: ObjectPlace, generation?: string): File =>
    storage.bucket(bucket).file(key, generation === undefined ? {} : { generation });

  return {
    async get(place, from) {
      const { size, generation } = metadata.parse((await fileOf(place, from?.version).getMetadata())[0]);
      // As it is stored: what is missing could not be asked for in what was unpacked on the way.
      const options = { decompress: false, ...(from && { start: from.offset }) };
      return { body: fileOf(place, generation).createReadStream(options), size, version: generation };
    },

    put: async (place, bytes) => fileOf(place).save(Buffer.from(bytes), { resumable: false }),

    upload: async (place, source) =>
      pipeline(source, fileOf(place).createWriteStream({ resumable: true, chunkSize: PART_BYTES })),

    async *list({ bucket, key }) {
      const files: AsyncIterable<File> = storage.bucket(bucket).getFilesStream({ prefix: key });
      for await (const file of files) {
        const { name, size } = listed.parse(file.metadata);
        yield { key: name, size };
      }
    },

    problemOf(error) {
      const { code, status: answered, message = '', errors } = problem.safeParse(error).data ?? {};
      // What an upload in parts fails with has no code.
      const status = Number(code ?? answered);
      const advice = message.includes('default credentials') ? NO_CREDENTIALS : undefined;
      if (Number.isInteger(status)) return { status, code: errors?.[0]?.reason, advice };
      return { code: code?.toString(), advice };
    },

    async identity() {
      // Google's SDK asks it without credentials.
      if (env['STORAGE_EMULATOR_HOST']) return 'nobody, by STORAGE_EMULATOR_HOST';
      const { client_email: email } = await storage.authClient.getCredentials();
      return email === undefined ? "Google's default credentials" : `${email}, by Google's default credentials`;
    },
  };
}

const NO_CREDENTIALS =
  'Set GOOGLE_APPLICATION_CREDENTIALS to a file of credentials, or give the pod a Google service account.';
