import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { mkdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PlaneRequest, PlaneRequestHandler, PlaneResponse } from '../http/plane-handler.js';
import { codeOf } from '../state/atomic-file.js';
import { isFull } from '../state/state-problem.js';
import { openFile } from './open-file.js';
import type { SignedGrant, SignedUrls } from './signed-urls.js';

/** Why a request for a file is refused, in the words of an object store. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const TAKEN: ReadonlySet<string> = new Set(['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY']);

/**
 * Makes the handler of signed URLs. It asks for the headers that stores of the clouds ask for, and answers as they do.
 *
 * @param root the plane's data folder
 */
export function fileRoutes(root: string, urls: SignedUrls): PlaneRequestHandler {
  // What is put is here until all of it is there; what a plane that was killed left here, nobody needs.
  const incoming = join(root, 'incoming');
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true, mode: 0o700 });
  const serve = async (request: PlaneRequest, response: PlaneResponse): Promise<void> => {
    const grant = urls.read(request.method ?? '', request.url ?? '');
    if (grant === 'wrong') throw new Refused(403, 'SignatureDoesNotMatch', 'The URL is not one that was signed here.');
    if (grant === 'expired') throw new Refused(403, 'AccessDenied', 'The URL has expired.');
    const path = join(root, grant.path);
    if (grant.method === 'GET') return sendFile(path, response);
    checkHeaders(request, grant);
    await receive(request, join(incoming, randomUUID()), path, grant);
    response.writeHead(200, { etag: `"${Buffer.from(grant.md5, 'base64').toString('hex')}"` }).end();
  };
  return (request, response) => {
    serve(request, response).catch((error: unknown) => answerError(response, error));
  };
}

function checkHeaders({ headers }: PlaneRequest, { md5, withMetadata }: SignedGrant): void {
  if (headers['content-length'] === undefined) {
    throw new Refused(411, 'MissingContentLength', 'The request has no Content-Length.');
  }
  const signed = ['content-md5', ...(withMetadata ? ['x-amz-meta-flytecontentmd5'] : [])];
  const missing = signed.find((name) => headers[name] !== md5);
  if (missing === undefined) return;
  throw new Refused(403, 'SignatureDoesNotMatch', `The header ${missing} must have the value that was signed.`);
}

/** Takes what is put, all of it or nothing, in constant memory. */
async function receive(request: PlaneRequest, temporary: string, path: string, { md5 }: SignedGrant): Promise<void> {
  const hash = createHash('md5');
  let bytes = 0;
  try {
    await pipeline(
      request,
      async function* watched(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(temporary, { flags: 'wx', mode: 0o600 }),
    );
    if (bytes !== Number(request.headers['content-length'])) {
      throw new Refused(400, 'IncompleteBody', 'The body is not as long as its Content-Length says.');
    }
    if (hash.digest('base64') !== md5)
      throw new Refused(400, 'BadDigest', 'The body has another MD5 than was promised.');
    await put(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function put(temporary: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // An action, which runs as this user, may have put a link in place of a folder.
    if ((await realpath(dirname(path))) !== dirname(path)) {
      throw new Refused(403, 'AccessDenied', 'A folder of this name is a link, which leads elsewhere.');
    }
    await rename(temporary, path);
  } catch (error) {
    if (!TAKEN.has(codeOf(error))) throw error;
    throw new Refused(
      409,
      'Conflict',
      'A file has taken the place of a folder since the URL was signed, or a folder its own.',
    );
  }
}

async function sendFile(path: string, response: PlaneResponse): Promise<void> {
  await using file = await openFile(path);
  if (file === undefined) throw new Refused(404, 'NoSuchKey', 'There is no such file.');
  const { size } = await file.stat();
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(size),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  if (size === 0) return void response.end();
  // An action may still write to its report: what is promised is sent, no byte more, and what is no longer there ends the answer.
  let sent = 0;
  await pipeline(
    file.createReadStream({ start: 0, end: size - 1, autoClose: false }),
    async function* counted(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        sent += chunk.length;
        yield chunk;
      }
      if (sent < size) throw new Error('The file became shorter while it was sent.');
    },
    response,
  );
}

function answerError(response: PlaneResponse, error: unknown): void {
  // The client has left, or has its answer half: it must not take that for all of it.
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, code, message } =
    error instanceof Refused
      ? error
      : isFull(error)
        ? new Refused(507, 'InsufficientStorage', "The disk of the control plane's state folder is full.")
        : new Refused(500, 'InternalError', 'The control plane could not store the file.');
  const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'x-content-type-options': 'nosniff' }).end(body);
}
