import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { FlyteError } from '../../errors/flyte-error.js';
import { loadRetry } from '../connection/load-retry.js';
import type { Endpoint } from '../options/endpoint.js';
import type { FlyteTlsOptions } from '../options/flyte-options.js';
import type { PutSource } from './put-source.js';

/** Where the bytes of one upload go: what `DataProxyService.CreateUploadLocation` answers. */
export interface SignedLocation {
  /** Holds a credential: it is in no message, and in no log. */
  readonly signedUrl: string;
  /** The URI by which Flyte knows the bytes afterwards. */
  readonly nativeUrl: string;
  /** Headers that the signature covers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How signed URLs are used. */
export interface TransferOptions {
  /** Ends the transfer. */
  readonly signal?: AbortSignal | undefined;
  /** How long nothing may go through the connection, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** The authorities that may have signed the certificate of a host, in place of the system's. */
  readonly caOf?: ((url: URL) => string | Uint8Array | undefined) | undefined;
}

/** How a connection uses signed URLs: those to Flyte's own port trust what the connection trusts, all others the system. */
export function transferOptions(
  idleTimeoutMs: number,
  endpoint: Endpoint | undefined,
  tls: FlyteTlsOptions | undefined,
): TransferOptions {
  const origin = endpoint && new URL(endpoint.url).origin;
  return { idleTimeoutMs, caOf: (url) => (url.origin === origin ? tls?.ca : undefined) };
}

/** How often an upload is repeated; as often as the Python SDK does (`remote/_data.py`). */
const RETRIES = 3;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
/** What stores answer where the same request may succeed later. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** How much of a refusal's text is looked through for the store's own code. */
const MAX_REFUSAL_CHARACTERS = 16 * 1024;

/**
 * Puts bytes where Flyte lets them be put. Credentials of a caller are not among what is sent: the store is another host,
 * and the URL itself is the credential.
 *
 * @param locate asks Flyte for a location; called for each try, since one is valid for a short time only
 * @returns the URI by which Flyte knows the bytes
 * @throws FlyteError `unavailable` where the store failed again and again, `internal` where it refused; what `locate` throws
 */
export async function signedPut(
  locate: () => Promise<SignedLocation>,
  source: PutSource,
  options: TransferOptions,
): Promise<string> {
  const pRetry = await loadRetry();
  return pRetry(
    async () => {
      const location = await locate();
      await put(location, source, options);
      return location.nativeUrl;
    },
    {
      retries: RETRIES,
      minTimeout: FIRST_BACKOFF_MS,
      maxTimeout: MAX_BACKOFF_MS,
      randomize: true,
      ...(options.signal && { signal: options.signal }),
      shouldRetry: ({ error }) => error instanceof PassingFailure,
    },
  ).catch((error: unknown) => {
    throw options.signal?.aborted && !FlyteError.is(error) ? canceled(error) : told(error);
  });
}

/**
 * Reads what is under a signed URL.
 *
 * @param what is read, for messages
 * @throws FlyteError `not_found`, `unavailable`, `internal` where the store refused; the stream fails with these too
 */
export async function signedGet(signedUrl: string, what: string, options: TransferOptions): Promise<Readable> {
  const failed = (error: unknown): Error => told(lost(error, what));
  let response: IncomingMessage;
  try {
    response = await responseOf(signedUrl, 'GET', {}, options, (request) => request.end());
  } catch (error) {
    throw options.signal?.aborted ? canceled(error) : failed(error);
  }
  if (response.statusCode !== 200) throw told(await refusal(response, what));
  const content = new PassThrough({
    destroy: (error, done) => done(error && (options.signal?.aborted ? canceled(error) : failed(error))),
  });
  // Its own errors are the content's.
  pipeline(response, content, () => undefined);
  return content;
}

async function put(location: SignedLocation, source: PutSource, options: TransferOptions): Promise<void> {
  const { nativeUrl, signedUrl } = location;
  const headers: OutgoingHttpHeaders = {
    ...signedHeaders(location.headers),
    ...(isAzure(nativeUrl) && { 'x-ms-blob-type': 'BlockBlob' }),
    'content-md5': Buffer.from(source.md5).toString('base64'),
    'content-length': source.bytes,
  };
  let response: IncomingMessage;
  try {
    response = await responseOf(signedUrl, 'PUT', headers, options, async (request) => {
      await piped(source.open(), exactly(source.bytes, nativeUrl), request);
    });
  } catch (error) {
    throw options.signal?.aborted || FlyteError.is(error) ? error : lost(error, nativeUrl);
  }
  if (![200, 201, 204].includes(response.statusCode ?? 0)) throw await refusal(response, nativeUrl);
  // Whatever else it has to say: the bytes are there.
  response.on('error', () => undefined).resume();
}

/** In lower case, so that ours take their place: Flyte's backend gives the length of the digest as the content's. */
function signedHeaders(given: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

function isAzure(nativeUrl: string): boolean {
  return /^abfss?:/i.test(nativeUrl);
}

/** Lets through what was promised; a file that has become shorter since it was counted must not keep the store waiting. */
function exactly(bytes: number, what: string): (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array, void> {
  return async function* counted(chunks) {
    let sent = 0;
    for await (const chunk of chunks) {
      sent += chunk.length;
      yield chunk;
    }
    if (sent === bytes) return;
    throw new FlyteError('aborted', `The file for ${what} changed while it was uploaded. Upload it again.`);
  };
}

type Request = ReturnType<typeof requestHttp>;

/** Sends a request, and gives the head of its answer. Redirects are not followed: a signature is for one host. */
async function responseOf(
  signedUrl: string,
  method: 'GET' | 'PUT',
  headers: OutgoingHttpHeaders,
  { signal, idleTimeoutMs, caOf }: TransferOptions,
  send: (request: Request) => unknown,
): Promise<IncomingMessage> {
  const url = safeUrl(signedUrl);
  const ca = caOf?.(url);
  return new Promise((resolve, reject) => {
    const options = { method, headers, timeout: idleTimeoutMs, ...(signal && { signal }) };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, {
            ...options,
            ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : Buffer.from(ca) }),
          })
        : requestHttp(url, options);
    request.on('timeout', () => request.destroy(Object.assign(new Error('idle'), { code: 'ETIMEDOUT' })));
    request.once('response', resolve);
    // Also after the answer, when nobody asks any more.
    request.on('error', reject);
    Promise.resolve(send(request)).catch((error: unknown) => {
      reject(error);
      request.destroy();
    });
  });
}

function safeUrl(signedUrl: string): URL {
  const url = URL.canParse(signedUrl) ? new URL(signedUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new FlyteError(
    'internal',
    'Flyte gave no http:// or https:// URL to move the file by. See how its store is set.',
  );
}

/** A failure that the next try may not have. */
class PassingFailure extends Error {}

/** What a connection failed with; its text may name the URL. */
function lost(error: unknown, what: string): Error {
  if (FlyteError.is(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new PassingFailure(`The connection to the store of ${what} failed (${code}).`);
}

/** Why a store refused. Of its text, only its code is told: the rest quotes the request. */
async function refusal(response: IncomingMessage, what: string): Promise<Error> {
  const { statusCode = 0 } = response;
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(await beginningOf(response))?.[1];
  const said = `The store answered ${statusCode}${code === undefined ? '' : ` (${code})`} for ${what}.`;
  if (PASSING.has(statusCode)) return new PassingFailure(said);
  if (statusCode === 404) return new FlyteError('not_found', said);
  return new FlyteError(
    'internal',
    `${said} See whether the clocks of Flyte and of the store agree, and the store's log.`,
  );
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  let said = '';
  try {
    for await (const chunk of response) {
      said += String(chunk);
      if (said.length > MAX_REFUSAL_CHARACTERS) break;
    }
  } catch {
    // What has come so far must do.
  }
  return said;
}

function told(error: unknown): Error {
  if (error instanceof PassingFailure) {
    return new FlyteError('unavailable', `${error.message} Try again later.`);
  }
  return error instanceof Error ? error : new Error(String(error));
}

function canceled(cause: unknown): FlyteError {
  return new FlyteError('canceled', 'The transfer was cancelled.', { cause });
}
