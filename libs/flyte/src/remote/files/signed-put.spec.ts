import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileSource } from '../../files/file.service.js';
import { withPutSource } from './put-source.js';
import { signedGet, signedPut, type SignedLocation } from './signed-put.js';

const SIGNATURE = 'X-Amz-Signature=0123456789abcdef';
const IDLE = { idleTimeoutMs: 60_000 };
const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('base64');

interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A store that answers as a test says. */
class Store {
  readonly seen: Seen[] = [];
  answer: RequestListener = (_, response) => response.end();
  readonly #server: Server = createServer((request, response) => {
    // A client that leaves in the middle is nobody to answer.
    void this.#serve(request, response).catch(() => undefined);
  });

  async #serve(...[request, response]: Parameters<RequestListener>): Promise<void> {
    this.seen.push({ method: request.method ?? '', headers: request.headers, body: await buffer(request) });
    this.answer(request, response);
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  location(headers: Record<string, string> = {}, nativeUrl = 's3://bucket/uploads/x/a.txt'): SignedLocation {
    return { signedUrl: `${this.url}?${SIGNATURE}`, nativeUrl, headers };
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/bucket/uploads/x/a.txt`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let store: Store;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signed-put-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  store = new Store();
  await store.start();
});
afterEach(() => {
  store.stop();
  vi.unstubAllEnvs();
});

const put = async (given: FileSource, location = store.location(), maxBytes = Infinity): Promise<string> =>
  withPutSource(given, { maxBytes }, (source) => signedPut(async () => location, source, IDLE));

async function* chunksOf(...chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
}

describe('a signed upload', () => {
  it('sends the signed headers, its own length and digest, and no credentials', async () => {
    const headers = { 'Content-Length': '24', 'Content-MD5': 'wrong', 'x-amz-meta-flyteContentMD5': md5('hello') };
    await expect(put(Buffer.from('hello'), store.location(headers))).resolves.toBe('s3://bucket/uploads/x/a.txt');
    const [{ method, headers: sent, body } = expect.fail('nothing came')] = store.seen;
    expect([method, body.toString()]).toEqual(['PUT', 'hello']);
    expect(sent).toMatchObject({
      'content-length': '5',
      'content-md5': md5('hello'),
      'x-amz-meta-flytecontentmd5': md5('hello'),
    });
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(sent).not.toHaveProperty('x-ms-blob-type');
  });

  it('tells Azure what kind of blob it is', async () => {
    await put(Buffer.from('x'), store.location({}, 'abfs://container/x'));
    expect(store.seen[0]?.headers).toHaveProperty('x-ms-blob-type', 'BlockBlob');
  });

  it.each<[string, () => FileSource, string]>([
    ['a path', () => writtenFile('from a path'), 'from a path'],
    ['an empty path', () => writtenFile(''), ''],
    ['a stream', () => chunksOf('from ', 'a stream'), 'from a stream'],
    ['an empty stream', () => chunksOf(), ''],
    ['bytes', () => new TextEncoder().encode('bytes'), 'bytes'],
  ])('of %s', async (_, given, expected) => {
    await put(given());
    expect(store.seen.map(({ body }) => body.toString())).toEqual([expected]);
    expect(store.seen[0]?.headers['content-md5']).toBe(md5(expected));
  });

  it.each([408, 429, 500, 503])('is repeated after %i, under a new location', async (status) => {
    const answers = [status, 200];
    store.answer = (_, response) => response.writeHead(answers.shift() ?? 500).end();
    const locate = vi.fn<() => Promise<SignedLocation>>(async () => store.location());
    await withPutSource(chunksOf('again'), {}, (source) => signedPut(locate, source, IDLE));
    expect(store.seen.map(({ body }) => body.toString())).toEqual(['again', 'again']);
    expect(locate).toHaveBeenCalledTimes(2);
  });

  it('is repeated after a lost connection', async () => {
    const answers: RequestListener[] = [(request) => request.socket.destroy(), (_, response) => response.end()];
    store.answer = (...call) => answers.shift()?.(...call);
    await put(writtenFile('lost'));
    expect(store.seen).toHaveLength(2);
  });

  it.each([201, 204])('is done by %i', async (status) => {
    store.answer = (_, response) => response.writeHead(status).end();
    await put(Buffer.from('x'));
    expect(store.seen).toHaveLength(1);
  });

  it('fails at once where the store refuses, naming its code, and neither the signature nor the rest of its text', async () => {
    store.answer = (_, response) =>
      response
        .writeHead(403)
        .end(`<Error><Code>SignatureDoesNotMatch</Code><StringToSign>secret ${SIGNATURE}</StringToSign></Error>`);
    const error = await put(Buffer.from('x')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining('403 (SignatureDoesNotMatch)') });
    expect(JSON.stringify(everything(error))).not.toMatch(/0123456789abcdef|StringToSign/);
    expect(store.seen).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    store.answer = (_, response) => response.writeHead(307, { location: `${store.url}/elsewhere` }).end();
    await expect(put(Buffer.from('x'))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('307'),
    });
    expect(store.seen).toHaveLength(1);
  });

  it.each(['', 'file:///etc/passwd', 'javascript:alert(1)', '/relative'])(
    'uses no URL such as %j',
    async (signedUrl) => {
      await expect(put(Buffer.from('x'), { ...store.location(), signedUrl })).rejects.toMatchObject({
        code: 'internal',
      });
    },
  );

  it('fails where nobody listens, without the URL', async () => {
    const location = store.location();
    store.stop();
    const error = await put(Buffer.from('x'), location).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    expect(JSON.stringify(everything(error))).not.toContain('0123456789abcdef');
  });

  it('ends by its signal', async () => {
    const ends = new AbortController();
    store.answer = () => ends.abort();
    await expect(
      withPutSource(Buffer.from('x'), {}, (source) =>
        signedPut(async () => store.location(), source, { ...IDLE, signal: ends.signal }),
      ),
    ).rejects.toMatchObject({ code: 'canceled' });
    expect(store.seen).toHaveLength(1);
  });

  it.each([
    ['has become shorter', (path: string) => truncateSync(path, 3), 'aborted'],
    ['has grown', (path: string) => appendFileSync(path, ' and more'), undefined],
  ])('of a file that %s sends what was counted, or nothing', async (_, change, code) => {
    const path = writtenFile('as it was');
    const upload = withPutSource(path, {}, async (source) => {
      change(path);
      return signedPut(async () => store.location(), source, IDLE);
    });
    if (code !== undefined) await expect(upload).rejects.toMatchObject({ code });
    else await upload;
    expect(store.seen.map(({ body }) => body.toString())).toEqual(code === undefined ? ['as it was'] : []);
  });
});

describe('what is uploaded', () => {
  it('leaves nothing in the temporary folder, however it ends', async () => {
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    await withPutSource(chunksOf('kept'), {}, async (source) => {
      expect(readdirSync(temporary)).toEqual([]);
      await expect(buffer(source.open())).resolves.toEqual(Buffer.from('kept'));
    });
    async function* broken(): AsyncGenerator<string> {
      yield 'some';
      throw new Error('the client left');
    }
    await expect(put(broken())).rejects.toThrow('the client left');
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('is made ready until its signal fires', async () => {
    const ends = new AbortController();
    const use = vi.fn<() => Promise<void>>(async () => undefined);
    async function* endless(): AsyncGenerator<string> {
      yield 'some';
      ends.abort();
      await new Promise(() => undefined);
    }
    for (const given of [endless(), writtenFile('hashed'), chunksOf('kept')]) {
      await expect(withPutSource(given, ends, use)).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
    }
    expect(use).not.toHaveBeenCalled();
  });

  it.each<[string, () => FileSource]>([
    ['stream', () => chunksOf('1234', '5678')],
    ['path', () => writtenFile('12345678')],
    ['text of bytes', () => Buffer.from('12345678')],
  ])('may not be longer than allowed: a %s', async (_, given) => {
    await expect(put(given(), store.location(), 7)).rejects.toMatchObject({ code: 'out_of_range' });
    await expect(put(given(), store.location(), 8)).resolves.toBeDefined();
    expect(store.seen).toHaveLength(1);
  });

  it.each([
    ['absent', () => join(folder, 'absent'), 'not_found'],
    ['a folder', () => folder, 'invalid_argument'],
    ['a pipe that nobody writes into', () => madePipe(), 'invalid_argument'],
    ['nothing that could be', () => 'a\0b', 'invalid_argument'],
  ])('is no path that is %s', async (_, path, code) => {
    await expect(put(path())).rejects.toMatchObject({ code });
  });

  it('is no stream where it can not be kept', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'absent'));
    const refused = put(chunksOf('x'));
    await expect(refused).rejects.toMatchObject({ code: 'failed_precondition', fault: 'operator' });
    await expect(refused).rejects.toThrow(/absent, can't be written to \(ENOENT\).*TMPDIR/);
  });

  // An error that nobody hears fails the whole run.
  it('may fail before it is read', async () => {
    const source = new PassThrough();
    const refused = put(source);
    source.destroy(new Error('of the stream'));
    await expect(refused).rejects.toThrow('of the stream');
  });

  it('fails as its stream does, whatever that says', async () => {
    const failure = Object.assign(new Error('of the stream'), { code: 'ENOSPC' });
    async function* failing(): AsyncGenerator<string> {
      yield 'x';
      throw failure;
    }
    await expect(put(failing())).rejects.toBe(failure);
  });
});

describe('a signed download', () => {
  it('streams what is there', async () => {
    store.answer = (_, response) => response.end('content');
    const content = await signedGet(`${store.url}?${SIGNATURE}`, 'the report', IDLE);
    await expect(buffer(content)).resolves.toEqual(Buffer.from('content'));
    expect(store.seen[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    [404, 'not_found'],
    [403, 'internal'],
    [503, 'unavailable'],
  ])('says what %i means', async (status, code) => {
    store.answer = (_, response) => response.writeHead(status).end(`<Code>Some</Code>${SIGNATURE}`);
    const error = await signedGet(`${store.url}?${SIGNATURE}`, 'the report', IDLE).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(`${status} (Some) for the report`) });
    expect(JSON.stringify(everything(error))).not.toContain('0123456789abcdef');
  });

  it('fails, and never ends short, where the connection is lost in the middle', async () => {
    store.answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => request.socket.destroy());
    };
    const content = await signedGet(store.url, 'the report', IDLE);
    await expect(buffer(content)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is left by closing the stream', async () => {
    const closed = new Promise<void>((resolve) => {
      store.answer = (_, response) => {
        response.once('close', resolve);
        response.write('and so on');
      };
    });
    const content = await signedGet(store.url, 'the report', IDLE);
    content.destroy();
    await expect(closed).resolves.toBeUndefined();
  });
});

let files = 0;
function madePipe(): string {
  const path = join(folder, `pipe-${(files += 1)}`);
  execFileSync('mkfifo', [path]);
  return path;
}
function writtenFile(text: string): string {
  const path = join(folder, `file-${(files += 1)}`);
  writeFileSync(path, text);
  return path;
}

/** All that a log would show of an error. */
function everything(error: unknown): unknown {
  return error instanceof Error ? [Object.entries(error), error.message, error.stack, everything(error.cause)] : error;
}
