import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { startLocalControlPlane, type CallLogEntry, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket } from './support.js';

const GET_PROJECT = '/flyteidl2.project.ProjectService/GetProject';
const PUBLIC = '/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig';
const WATCH = '/flyteidl2.workflow.RunService/WatchActionDetails';

/** How a body is sent: a path, a content type, and a version of HTTP. */
type Form = readonly [type: string, http: '1.1' | '2', path: string];

const FORMS: readonly Form[] = [
  ['application/proto', '1.1', GET_PROJECT],
  ['application/json', '2', GET_PROJECT],
  ['application/connect+proto', '1.1', WATCH],
  ['application/connect+json', '2', WATCH],
  ['application/grpc-web+proto', '1.1', GET_PROJECT],
  ['application/grpc-web+json', '2', WATCH],
  ['application/grpc', '2', GET_PROJECT],
  ['application/grpc+json', '2', GET_PROJECT],
  ['application/grpc+proto', '2', WATCH],
];

/** An answer: its body as text, headers and trailers in one. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

let plane: LocalControlPlane;
let token: string;
let session: ClientHttp2Session;
const log: CallLogEntry[] = [];
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state: ':memory:', logger: (entry) => log.push(entry) });
  token = await plane.token('alice');
  session = connectHttp2(plane.url);
});
afterAll(async () => {
  session.destroy();
  await plane.close();
});

/** Sends headers and the given part of a body; with `ends` false, the body never ends. */
async function send(
  [type, http, path]: Form,
  body: Uint8Array | string,
  { ends = true, headers = {} }: { ends?: boolean; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const all = { 'content-type': type, authorization: `Bearer ${token}`, ...headers };
  const call =
    http === '2'
      ? session.request({ ':method': 'POST', ':path': path, te: 'trailers', ...all })
      : request(`${plane.url}${path}`, { method: 'POST', headers: all });
  call.on('error', () => {});
  call.write(body);
  if (ends) call.end();
  const [first] = (await once(call, 'response')) as [{ headers?: object; statusCode?: number; ':status'?: number }];
  const found: Record<string, unknown> = { ...(first.headers ?? first) };
  const stream = 'statusCode' in first ? (first as unknown as NodeJS.ReadableStream) : (call as NodeJS.ReadableStream);
  call.on('trailers', (trailers: object) => Object.assign(found, trailers));
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  call.destroy();
  return { status: first.statusCode ?? first[':status'] ?? 0, headers: found, text };
}

/** The code and the message that an answer carries, in any protocol. */
function told({ headers, text }: Answer): string {
  return decodeURIComponent(`${String(headers['grpc-status'])} ${String(headers['grpc-message'])} ${text}`);
}

function enveloped(bytes: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

describe('a body', () => {
  it.each(FORMS)('of a caller with a wrong token is not waited for (%s over HTTP/%s, %s)', async (...form) => {
    const answer = await send(form, Buffer.alloc(1000), {
      ends: false,
      headers: { authorization: 'Bearer a.b.c', ...(form[1] === '1.1' ? { 'content-length': '32000000' } : {}) },
    });
    expect(told(answer)).toMatch(/token/);
    expect(told(answer)).toMatch(/unauthenticated|status: 16|^16 /);
  });

  it('of a refused caller is logged once, as what it is', async () => {
    log.length = 0;
    await send(['application/proto', '1.1', GET_PROJECT], '', { headers: { authorization: 'Bearer a.b.c' } });
    await send(['application/grpc', '2', GET_PROJECT], enveloped(Buffer.from([0xff])));
    expect(log).toMatchObject([
      { subject: undefined, code: 'unauthenticated' },
      { subject: 'alice', code: 'invalid_argument' },
    ]);
  });

  it('of an anonymous caller is short, where anybody may call', async () => {
    const headers = { 'content-type': 'application/json' };
    const ask = (body: string) => fetch(`${plane.url}${PUBLIC}`, { method: 'POST', headers, body });
    expect((await ask('{}')).status).toBe(200);
    const refused = await ask(`{"x":"${'x'.repeat(64 * 1024)}"}`);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'resource_exhausted' });
  });

  it.each(FORMS)("that is no message is the caller's mistake (%s over HTTP/%s, %s)", async (...form) => {
    const isJson = form[0].endsWith('json');
    const hidden = 'tr0ub4dor';
    // Half an emoji, which no header of gRPC can hold; a message that ends in the middle of a field.
    const bodies = isJson
      ? [`"\\ud83d"`, `"${hidden}\\ud83d"`, `{"id":"${hidden}`, `{"id":["${hidden}"],"actionId":["${hidden}"]}`]
      : [`\u000a\u007f${hidden}`, '\u0007\u0007'];
    for (const body of bodies.map((text) => Buffer.from(text))) {
      const isUnary = /^application\/(proto|json)$/.test(form[0]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answers = [await send(form, isUnary ? body : enveloped(body))];
      if (!form[0].includes('json') && !isUnary) {
        const headers = { [form[0].includes('connect') ? 'connect-content-encoding' : 'grpc-encoding']: 'gzip' };
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        answers.push(await send(form, enveloped(gzipSync(body), 1), { headers }));
      }
      for (const answer of answers) {
        expect(told(answer)).toMatch(/invalid_argument|status: 3|^3 /);
        expect(told(answer)).toMatch(/The request's body is no flyteidl2\.\S+Request message/);
        expect(told(answer)).not.toContain(hidden);
      }
    }
  });

  it('that is compressed is read all the same', async () => {
    const form: Form = ['application/proto', '1.1', GET_PROJECT];
    const message = Buffer.from(`\u000a\u000bflytesnacks`);
    const answer = await send(form, gzipSync(message), { headers: { 'content-encoding': 'gzip' } });
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('flytesnacks') as string });
    const wrong = await send(form, gzipSync('\u000a\u007fx'), { headers: { 'content-encoding': 'gzip' } });
    expect(told(wrong)).toContain('invalid_argument');
  });
});

describe('streams of one connection', () => {
  // What a client sends before it has read the plane's SETTINGS is refused and may be sent again (RFC 9113, 5.1.2).
  it('are limited by default, and further ones refused', async () => {
    const { frames, isClosed } = await openStreams(255, []);
    expect(isClosed).toBe(false);
    const refused = frames.filter(({ type }) => type === RST_STREAM);
    expect(refused.map(({ id }) => id)).toEqual([501, 503, 505, 507, 509]);
    for (const { payload } of refused) expect(payload.readUInt32BE()).toBe(REFUSED_STREAM);
  });

  it('end all together, when a client has acknowledged the limit and ignores it', async () => {
    const { frames, isClosed } = await openStreams(251, [frame(SETTINGS, 1, 0)]);
    expect(isClosed).toBe(true);
    expect(frames.filter(({ type }) => type === PING)).toEqual([]);
  });

  const [HEADERS, RST_STREAM, SETTINGS, PING] = [1, 3, 4, 6];
  const REFUSED_STREAM = 7;

  /** Opens streams that never end, and reads until a ping is answered or the plane hangs up. */
  async function openStreams(count: number, first: readonly Buffer[]) {
    const socket = await openSocket(plane.port);
    const frames: { type: number | undefined; id: number; payload: Buffer }[] = [];
    const head = Buffer.concat([
      // POST, http; then :path, :authority, content-type, authorization.
      Buffer.from([0x83, 0x86]),
      ...[literal(4, WATCH), literal(1, 'localhost'), literal(31, 'application/grpc')],
      literal(23, `Bearer ${token}`),
    ]);
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0), ...first]));
    for (let at = 0; at < count; at++) socket.write(frame(HEADERS, 4, 2 * at + 1, head));
    socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
    let bytes = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const length = bytes.readUIntBE(0, 3);
        frames.push({ type: bytes[3], id: bytes.readUInt32BE(5), payload: bytes.subarray(9, 9 + length) });
        bytes = bytes.subarray(9 + length);
        if (frames.at(-1)?.type !== PING) continue;
        // The answer to a ping overtakes what waits to be sent; the second one comes behind it.
        if (frames.filter(({ type }) => type === PING).length === 2) return { frames, isClosed: false };
        socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
      }
    }
    return { frames, isClosed: true };
  }

  function frame(type = 0, flags = 0, id = 0, payload = Buffer.alloc(0)): Buffer {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUIntBE(type, 3, 1);
    head.writeUIntBE(flags, 4, 1);
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  }

  /** A header of HPACK's static table with a new value, not indexed (RFC 7541, 6.2.2). */
  function literal(index: number, value: string): Buffer {
    const name = index < 15 ? [index] : [15, index - 15];
    const length = value.length < 127 ? [value.length] : [127, ...integer(value.length - 127)];
    return Buffer.concat([Buffer.from([...name, ...length]), Buffer.from(value)]);
  }

  function integer(value: number): number[] {
    return value < 128 ? [value] : [(value % 128) + 128, ...integer(Math.floor(value / 128))];
  }
});
