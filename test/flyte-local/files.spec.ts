import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request as requestHttp, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, type ConnectError } from '@connectrpc/connect';
import {
  ArtifactType,
  type CreateDownloadLinkRequestSchema,
  type CreateUploadLocationRequestSchema,
  type CreateUploadLocationResponse,
} from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  executionClients,
  PROJECT,
  runTask,
  shellTask,
  type ExecutionClients,
} from './execution-support.js';
import { failure, requestHttp2, temporaryFolder } from './support.js';

type Location = Exclude<MessageInitShape<typeof CreateUploadLocationRequestSchema>, { $typeName: string }>;
type Link = Exclude<MessageInitShape<typeof CreateDownloadLinkRequestSchema>, { $typeName: string }>;

const REPORT_BYTES = 64 * 1024 * 1024;
const folder = temporaryFolder();
const data = join(folder, 'state/data');
let plane: LocalControlPlane;
let alice: ExecutionClients;
let bob: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: join(folder, 'state') });
  alice = await clientsFor(plane, { projects: [PROJECT] });
  bob = await clientsFor(plane, { projects: ['other'] });
});
afterAll(() => plane.close());

const md5 = (text: string): Buffer => createHash('md5').update(text).digest();
const locate = (content: string, more: Location = {}, clients = alice): Promise<CreateUploadLocationResponse> =>
  clients.data.createUploadLocation({
    ...{ project: PROJECT, domain: DOMAIN, filename: 'a.txt', contentMd5: md5(content), addContentMd5Metadata: true },
    ...more,
  });

/** Sends a request as it is; without a length of its own, a body goes in chunks. */
async function send(url: string, method: string, headers: OutgoingHttpHeaders = {}, body = '') {
  const response = await new Promise<Parameters<NonNullable<Parameters<typeof requestHttp>[2]>>[0]>(
    (resolve, reject) => {
      const outgoing = requestHttp(url, { method, headers, agent: false }, resolve).on('error', reject);
      outgoing.end(body);
    },
  );
  return { status: response.statusCode, text: (await buffer(response)).toString(), headers: response.headers };
}

const withoutLength = (headers: Readonly<Record<string, string>>): OutgoingHttpHeaders => ({
  ...Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'Content-Length')),
  'transfer-encoding': 'chunked',
});

const put = async (
  { signedUrl, headers }: CreateUploadLocationResponse,
  body: string,
  more: OutgoingHttpHeaders = {},
) => send(signedUrl, 'PUT', { ...headers, 'Content-Length': body.length, ...more }, body);

/** Of what the plane calls a file by: on Windows that is a URL. */
const pathOf = (reference: string): string => (reference.startsWith('file:') ? fileURLToPath(reference) : reference);

describe('an upload', () => {
  it('goes where its content names it, in a project that the caller may touch', async () => {
    const location = await locate('hello');
    expect(location.nativeUrl).toMatch(
      /^(?:file:\/\/)?\/.*\/data\/files\/[0-9a-f]{16}\/LVAUAKV4JMVHNOLRTWIRAF6FSI======\/a\.txt$/,
    );
    // The length is the digest's, as Flyte has it: nobody must send that.
    expect(location.headers).toEqual({
      'Content-Length': '24',
      'Content-MD5': md5('hello').toString('base64'),
      'x-amz-meta-flyteContentMD5': md5('hello').toString('base64'),
    });
    expect(await put(location, 'hello')).toMatchObject({ status: 200 });
    expect(readFileSync(pathOf(location.nativeUrl), 'utf8')).toBe('hello');
    expect((await locate('hello')).nativeUrl).toBe(location.nativeUrl);
    expect((await locate('hello', { domain: 'staging' })).nativeUrl).not.toBe(location.nativeUrl);
  });

  it('works over HTTP/2 too', async () => {
    const { signedUrl, headers, nativeUrl } = await locate('over two');
    const { pathname, search, host } = new URL(signedUrl);
    const head = {
      ':method': 'PUT',
      ':path': pathname + search,
      ':authority': host,
      ...headers,
      'Content-Length': '8',
    };
    const lowered = Object.fromEntries(Object.entries(head).map(([name, value]) => [name.toLowerCase(), value]));
    expect((await requestHttp2(plane.url, lowered, 'over two')).status).toBe(200);
    expect(readFileSync(pathOf(nativeUrl), 'utf8')).toBe('over two');
  });

  it.each<[string, (location: CreateUploadLocationResponse) => ReturnType<typeof send>, number, string]>([
    [
      'another path',
      (at) => put({ ...at, signedUrl: at.signedUrl.replace('no.txt', 'yes.txt') }, 'no'),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a path out of the folder',
      (at) => put({ ...at, signedUrl: at.signedUrl.replace('no.txt', '..%2F..%2Fno.txt') }, 'no'),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'another digest',
      (at) =>
        put(
          {
            ...at,
            signedUrl: at.signedUrl.replace(/md5=[^&]+/, `md5=${encodeURIComponent(md5('x').toString('base64'))}`),
          },
          'x',
        ),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'a longer time',
      (at) => put({ ...at, signedUrl: at.signedUrl.replace(/expires=\d+/, 'expires=99999999999999') }, 'no'),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'no signature',
      (at) => put({ ...at, signedUrl: at.signedUrl.replace(/&signature=.*/, '') }, 'no'),
      403,
      'SignatureDoesNotMatch',
    ],
    ['another method', (at) => send(at.signedUrl, 'GET'), 403, 'SignatureDoesNotMatch'],
    [
      'no metadata',
      ({ signedUrl, headers: { 'Content-MD5': digest } }) =>
        send(signedUrl, 'PUT', { 'Content-MD5': digest, 'Content-Length': 2 }, 'no'),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'the header of another digest',
      (at) => put(at, 'no', { 'Content-MD5': md5('x').toString('base64') }),
      403,
      'SignatureDoesNotMatch',
    ],
    ['another content', (at) => put(at, 'xx'), 400, 'BadDigest'],
    [
      'no length',
      ({ signedUrl, headers }) => send(signedUrl, 'PUT', withoutLength(headers), 'no'),
      411,
      'MissingContentLength',
    ],
  ])('is refused with %s, and nothing is kept', async (_, act, status, code) => {
    const location = await locate('no', { filename: 'no.txt' });
    const answer = await act(location);
    expect([answer.status, /<Code>(\w+)/.exec(answer.text)?.[1]]).toEqual([status, code]);
    expect(answer.text).not.toContain('signature=');
    expect(
      readdirSync(data, { recursive: true }).filter((name) => /no\.txt|yes\.txt|incoming./.test(String(name))),
    ).toEqual([]);
  });

  it('that is cut off leaves nothing', async () => {
    const { signedUrl, headers } = await locate('a'.repeat(1000), { filename: 'no.txt' });
    await new Promise<void>((resolve) => {
      const outgoing = requestHttp(signedUrl, {
        method: 'PUT',
        headers: { ...headers, 'Content-Length': 1000 },
        agent: false,
      });
      outgoing.on('error', () => undefined).once('close', resolve);
      outgoing.write('half', () => outgoing.destroy());
    });
    await expect.poll(() => readdirSync(join(data, 'incoming'))).toEqual([]);
    expect(readdirSync(data, { recursive: true }).filter((name) => String(name).endsWith('no.txt'))).toEqual([]);
  });

  it.each<[string, Location, Code]>([
    ['a name that leads out', { filename: '../a' }, Code.InvalidArgument],
    ['a name with an empty part', { filename: 'a//b' }, Code.InvalidArgument],
    ['a name with a backslash', { filename: 'a\\b' }, Code.InvalidArgument],
    ['a name with NUL', { filename: 'a\0' }, Code.InvalidArgument],
    ['a name too long', { filename: 'a'.repeat(256) }, Code.InvalidArgument],
    [
      'a name too long as a whole',
      { filename: Array<string>(9).fill('a'.repeat(127)).join('/') },
      Code.InvalidArgument,
    ],
    ['a root that leads out', { filenameRoot: '..' }, Code.InvalidArgument],
    ['a root with a slash', { filenameRoot: 'a/b' }, Code.InvalidArgument],
    ['half a digest', { contentMd5: new Uint8Array(8) }, Code.InvalidArgument],
    ['no domain', { domain: '' }, Code.InvalidArgument],
    ['a time too long', { expiresIn: { seconds: 3601n } }, Code.InvalidArgument],
    ['no time', { expiresIn: { seconds: 0n } }, Code.InvalidArgument],
    ["somebody else's project", { project: 'other' }, Code.PermissionDenied],
  ])('has no location for %s', async (_, request, code) => {
    expect(await failure(locate('x', request))).toMatchObject({ code });
  });

  it('has no location without a token, nor in a project that is not there', async () => {
    expect(await failure(locate('x', {}, executionClients(plane.url)))).toMatchObject({ code: Code.Unauthenticated });
    expect(await failure(locate('x', {}, bob))).toMatchObject({ code: Code.PermissionDenied });
    const anybody = await clientsFor(plane);
    expect(await failure(locate('x', { project: 'nowhere' }, anybody))).toMatchObject({ code: Code.NotFound });
  });

  it('does not replace what has its root and name, unless it is the same', async () => {
    const named = { filenameRoot: 'bundle', filename: 'code/a.tgz' };
    const location = await locate('one', named);
    expect(location.nativeUrl).toMatch(/\/bundle\/code\/a\.tgz$/);
    await put(location, 'one');
    expect(await failure(locate('two', named))).toMatchObject({ code: Code.AlreadyExists });
    expect((await locate('one', named)).nativeUrl).toBe(location.nativeUrl);
    const other = (filename: string) => failure(locate('one', { filenameRoot: 'bundle', filename }));
    expect(await other('code')).toMatchObject({
      code: Code.AlreadyExists,
      rawMessage: expect.stringContaining('folder in the place'),
    });
    expect(await other('code/a.tgz/b')).toMatchObject({
      code: Code.AlreadyExists,
      rawMessage: expect.stringContaining('file already where'),
    });
  });

  it('is refused where its place was taken after its URL was signed', async () => {
    const [inner, outer, other] = await Promise.all(
      ['a/b', 'a', 'a/c'].map((filename) => locate('x', { filenameRoot: 'taken', filename })),
    );
    expect(await put(inner ?? expect.fail(), 'x')).toMatchObject({ status: 200 });
    expect(await put(outer ?? expect.fail(), 'x')).toMatchObject({
      status: 409,
      text: expect.stringContaining('Conflict'),
    });
    const folder = join(pathOf(inner?.nativeUrl ?? ''), '..');
    rmSync(folder, { recursive: true });
    expect(await put(outer ?? expect.fail(), 'x')).toMatchObject({ status: 200 });
    expect(await put(other ?? expect.fail(), 'x')).toMatchObject({ status: 409 });
  });

  it('follows no link that an action left in its way', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'a.txt'), 'not for you');
    const above = await locate('theirs', { filenameRoot: 'linked', filename: 'in/a.txt' });
    const at = join(pathOf(above.nativeUrl), '../..');
    mkdirSync(at);
    symlinkSync(elsewhere, join(at, 'in'));
    expect(await put(above, 'theirs')).toMatchObject({ status: 403, text: expect.stringContaining('AccessDenied') });
    // Whether the content is the one that is asked about, nobody is told.
    expect((await locate('not for you', { filenameRoot: 'linked', filename: 'in/a.txt' })).nativeUrl).toBe(
      above.nativeUrl,
    );
    expect(readFileSync(join(elsewhere, 'a.txt'), 'utf8')).toBe('not for you');
    symlinkSync(join(elsewhere, 'a.txt'), join(at, 'b.txt'));
    const inPlace = failure(locate('theirs', { filenameRoot: 'linked', filename: 'b.txt' }));
    expect(await inPlace).toMatchObject({ code: Code.AlreadyExists });
  });
});

describe('a link', () => {
  const link = async (run: string, more: Link = {}, clients = alice, attempt = 1): Promise<string[]> => {
    const actionId = { run: { project: PROJECT, domain: DOMAIN, name: run }, name: 'a0' };
    const source = { case: 'actionAttemptId' as const, value: { actionId, attempt } };
    const { preSignedUrls } = await clients.data.createDownloadLink({
      artifactType: ArtifactType.REPORT,
      source,
      ...more,
    });
    return preSignedUrls?.signedUrl ?? [];
  };
  const refused = async (call: Promise<unknown>): Promise<ConnectError['code']> => (await failure(call)).code;
  let run: string;
  beforeAll(async () => {
    ({ name: run } = (await runTask(alice, shellTask('printf "<p>done</p>" > "$out/report.html"; finish'))).run);
  });

  it('leads to the report of an attempt', async () => {
    const [url = ''] = await link(run);
    expect(await send(url, 'GET')).toMatchObject({
      ...{ status: 200, text: '<p>done</p>' },
      // It is no page of the plane's own.
      headers: {
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'content-length': '11',
      },
    });
    expect((await send(url, 'PUT', {}, 'x')).status).toBe(403);
    expect((await send(url.replace('report.html', 'outputs.pb'), 'GET')).status).toBe(403);
  });

  // Longer than the kernel buffers for a socket, so that the plane still reads when the file changes.
  it.each([
    ['longer', (path: string) => appendFileSync(path, 'more'), REPORT_BYTES, 1],
    ['shorter', (path: string) => truncateSync(path, 1024), undefined, 2],
  ])('sends what it promised, or ends, where the report becomes %s', async (_, change, expected, times) => {
    const { run: big } = await runTask(alice, shellTask(`truncate -s ${REPORT_BYTES} "$out/report.html"; finish`));
    const [url = ''] = await link(big.name);
    const { pathname, search, hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    // What follows an answer that ended too early would be taken for its rest.
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${times === 1 ? 'close' : 'keep-alive'}\r\n\r\n`.repeat(
        times,
      ),
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    change(join(data, decodeURIComponent(pathname.replace('/storage/', ''))));
    let bytes = head.length - (head.indexOf('\r\n\r\n') + 4);
    let isFollowed = false;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      isFollowed ||= chunk.includes('HTTP/1.1');
    });
    socket.resume();
    await once(socket, 'close');
    expect(isFollowed).toBe(false);
    if (expected === undefined) expect(bytes).toBeLessThan(REPORT_BYTES);
    else expect(bytes).toBe(expected);
    expect((await send((await link(run))[0] ?? '', 'GET')).text).toBe('<p>done</p>');
  });

  it('is for those who may see the run, and to reports only', async () => {
    expect(await refused(link(run, {}, bob))).toBe(Code.PermissionDenied);
    expect(await refused(link(run, {}, executionClients(plane.url)))).toBe(Code.Unauthenticated);
    expect(await refused(link('no-such-run'))).toBe(Code.NotFound);
    expect(await refused(link(run, {}, alice, 2))).toBe(Code.NotFound);
    expect(await refused(link(run, { artifactType: ArtifactType.CODE_BUNDLE }))).toBe(Code.InvalidArgument);
    expect(await refused(link(run, { source: { case: undefined } }))).toBe(Code.InvalidArgument);
    const other = await runTask(alice, shellTask('finish'));
    expect(await refused(link(other.run.name))).toBe(Code.NotFound);
  });

  it('follows no link that a task left in its place', async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'not for you');
    const linked = await runTask(alice, shellTask(`ln -s ${secret} "$out/report.html"; finish`));
    expect(await refused(link(linked.run.name))).toBe(Code.NotFound);
    const [url = ''] = await link(run);
    const path = join(data, decodeURIComponent(new URL(url).pathname.replace('/storage/', '')));
    // After it was signed.
    symlinkSync(secret, `${path}.link`);
    renameSync(`${path}.link`, path);
    expect(await send(url, 'GET')).toMatchObject({ status: 404, text: expect.stringContaining('NoSuchKey') });
  });
});
