import { createSecureServer, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import { afterEach, expect, it } from 'vitest';
import { selfSigned } from '../flyte-local/support.js';
import { startApp } from '../support/app.js';

/** One call at the peer: its stream, and the connection that it came by. */
interface Call {
  readonly stream: ServerHttp2Stream;
  readonly socket: Socket;
  /** Answers with the headers, and with the beginning of a message where there is one. */
  readonly begin: (then: () => void, message?: number[]) => void;
}

const toEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).toReversed()) await end();
});

const certificate = selfSigned();
const HALF = [0, 0, 0, 0, 9, 10, 3];

const FATES: Readonly<Record<string, (call: Call) => void>> = {
  'closes before the answer': ({ socket }) => socket.destroy(),
  'resets before the answer': ({ socket }) => socket.resetAndDestroy(),
  'ends before the answer': ({ socket }) => socket.end(),
  'closes after the headers': ({ begin, socket }) => begin(() => socket.destroy()),
  'resets after the headers': ({ begin, socket }) => begin(() => socket.resetAndDestroy()),
  'closes in the message': ({ begin, socket }) => begin(() => socket.destroy(), HALF),
  'resets in the message': ({ begin, socket }) => begin(() => socket.resetAndDestroy(), HALF),
  'ends in the message': ({ begin, socket }) => begin(() => socket.end(), HALF),
  'says goodbye, and closes': ({ stream, socket }) => {
    stream.session?.goaway(0);
    setImmediate(() => socket.destroy());
  },
  'says goodbye because of an error': ({ stream }) => stream.session?.goaway(2),
  'ends the session': ({ stream }) => stream.session?.destroy(),
  'ends the stream without an answer': ({ stream }) => stream.close(0),
};

/** A peer that treats the first calls as a test wants, and answers the next ones. */
async function peer(scheme: string, protocol: string, fate: (call: Call) => void, calls: number) {
  const server = scheme === 'https' ? createSecureServer({ ...certificate }) : createServer();
  const sockets: Socket[] = [];
  let count = 0;
  const ignore = (): void => undefined;
  server.on('connection', (socket: Socket) => sockets.push(socket.on('error', ignore)));
  for (const name of ['sessionError', 'tlsClientError']) server.on(name, ignore);
  server.on('session', (session) => session.on('error', ignore));
  server.on('stream', (stream) => {
    stream.on('error', ignore);
    const type = protocol === 'grpc' ? 'application/grpc+proto' : 'application/proto';
    const respond = (): void => stream.respond({ ':status': 200, 'content-type': type }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const socket = sockets.at(-1);
    if (++count > calls || !socket) {
      respond();
      stream.end(protocol === 'grpc' ? Buffer.alloc(5) : undefined);
      return;
    }
    const begin: Call['begin'] = (then, message = []) => {
      respond();
      stream.write(Buffer.from(message), () => setImmediate(then));
    };
    fate({ stream, socket, begin });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toEnd.push(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return { endpoint: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => count };
}

it.for(
  Object.keys(FATES).flatMap((fate) =>
    ['http', 'https'].flatMap((scheme) => ['connect', 'grpc'].map((protocol) => [fate, scheme, protocol] as const)),
  ),
)('a peer that %s: the call is repeated, and else unavailable (%s, %s)', async ([fate, scheme, protocol], { skip }) => {
  if (scheme === 'https' && !certificate) skip('there is no openssl to make a certificate with');
  const there = await peer(scheme, protocol, FATES[fate] ?? (() => undefined), 3);
  const ask = async (retries: number): Promise<unknown> => {
    const tls = scheme === 'https' ? { ca: certificate?.cert } : undefined;
    const options = { endpoint: there.endpoint, tls, retries, protocol: protocol as 'connect' | 'grpc' };
    const { app } = await startApp({ imports: [FlyteModule.forRoot(options)] });
    toEnd.push(() => app.close());
    return authMetadata({ authorization: 'Bearer x' }, () => app.get(FlyteClient).users.get());
  };
  await expect(ask(0)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(ask(2)).resolves.toMatchObject({ subject: '' });
  expect(there.count()).toBe(4);
});
