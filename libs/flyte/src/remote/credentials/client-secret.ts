import { FlyteError } from '../../errors/flyte-error.js';
import { readSmallFile } from './small-file.js';

/**
 * A client's secret: its value, or where to find it whenever a token is fetched. In a file a newline at the end does not
 * count.
 */
export type ClientSecret = string | { readonly file: string } | { readonly env: string };

/** @throws FlyteError `failed_precondition` where there is none */
export async function readClientSecret(source: ClientSecret): Promise<string> {
  if (typeof source === 'string') return source;
  const isFile = 'file' in source;
  const text = isFile
    ? (await readSmallFile("The client's secret", source.file)).replace(/\r?\n$/, '')
    : process.env[source.env];
  if (text) return text;
  const where = isFile ? `The client's secret ${JSON.stringify(source.file)} is empty` : `${source.env} is not set`;
  throw new FlyteError(
    'failed_precondition',
    `${where}. Put there the secret of the client that clientCredentials names.`,
    {
      fault: 'operator',
    },
  );
}
