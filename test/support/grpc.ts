import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  Client,
  credentials,
  Metadata,
  type ClientReadableStream,
  type ClientWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Transport, type GrpcOptions } from '@nestjs/microservices';

/** A service of this repository's tests: the options of a microservice on a free port, and where that is. */
export async function peopleService(): Promise<{ options: GrpcOptions; address: string; protoPath: string }> {
  const protoPath = join(import.meta.dirname, 'people.proto');
  const address = `127.0.0.1:${await freePort()}`;
  return {
    options: { transport: Transport.GRPC, options: { package: 'people', protoPath, url: address } },
    address,
    protoPath,
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Person {
  readonly subject: string;
}
/** How a call ended: a person, or the number of a gRPC code and its text. */
export type Ending = Person | { readonly code: number; readonly details: string };

/** A client of the service that says exactly what it is told to. */
export class PeopleClient implements Disposable {
  readonly client: Client;
  readonly definition: ReturnType<typeof loadSync>[string];

  constructor(address: string, protoPath: string) {
    this.client = new Client(address, credentials.createInsecure());
    this.definition = loadSync(protoPath)['people.People'] ?? {};
  }

  unary(method: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Ending> {
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = this.method(method);
      const done = (error: ServiceError | null, person?: unknown): void =>
        resolve(error ? ending(error) : (person as Person));
      const sent = metadata(headers);
      const call = this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, sent, done);
      signal?.addEventListener('abort', () => call.cancel());
    });
  }

  /** Opens a stream of persons; with the others, having said two messages. */
  stream(method: 'Watch' | 'Chat' | 'RawChat', headers: Record<string, string> = {}): ClientReadableStream<Person> {
    const { path, requestSerialize, responseDeserialize } = this.method(method);
    const deserialize = responseDeserialize as (bytes: Buffer) => Person;
    if (method === 'Watch') {
      return this.client.makeServerStreamRequest(path, requestSerialize, deserialize, {}, metadata(headers));
    }
    const call = this.client.makeBidiStreamRequest(path, requestSerialize, deserialize, metadata(headers));
    for (let i = 0; i < 2; i++) call.write({});
    return call;
  }

  /** Says nothing on a stream, and waits for the one answer. */
  silent(headers: Record<string, string> = {}): Promise<Ending> {
    return this.said('Raw', headers, (call) => call.end());
  }

  /** Says these names on a stream, and leaves it open until the one answer comes. */
  heard(names: readonly string[], headers: Record<string, string>): Promise<Ending> {
    return this.said('Heard', headers, (call) => {
      for (const subject of names) call.write({ subject });
    });
  }

  private said(
    method: string,
    headers: Record<string, string>,
    say: (call: ClientWritableStream<unknown>) => void,
  ): Promise<Ending> {
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = this.method(method);
      const done = (error: ServiceError | null, person?: unknown): void =>
        resolve(error ? ending(error) : (person as Person));
      say(this.client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, metadata(headers), done));
    });
  }

  [Symbol.dispose](): void {
    this.client.close();
  }

  private method(name: string) {
    const method = (this.definition as Record<string, MethodDefinition | undefined>)[name];
    if (!method) throw new Error(`no method ${name}`);
    return method;
  }
}

/**
 * Makes an empty call with headers that neither grpc-js nor Node's HTTP/2 client would send: RFC 9113 by hand, each
 * header a literal that is not indexed (RFC 7541, 6.2.2). Resolves once the server has answered on the stream.
 */
export function rawCall(address: string, path: string, headers: readonly (readonly [string, string])[]): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const pseudo: [string, string][] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', address],
  ];
  const all = [...pseudo, ['te', 'trailers'] as const, ['content-type', 'application/grpc'] as const, ...headers];
  const block = Buffer.concat(all.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    socket.on('error', reject);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
    socket.write(frame(HEADERS, END_HEADERS, 1, block));
    socket.write(frame(DATA, END_STREAM, 1, Buffer.alloc(5)));
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      for (rest = Buffer.concat([rest, chunk]); rest.length >= 9; rest = rest.subarray(9 + rest.readUIntBE(0, 3))) {
        if (rest.length < 9 + rest.readUIntBE(0, 3)) return;
        const [type, flags = 0, stream] = [rest[3], rest[4], rest.readUInt32BE(5)];
        if (stream !== 1 || type === 8 || !(type === 3 || flags & END_STREAM)) continue;
        socket.destroy();
        resolve();
        return;
      }
    });
  });
}

const [DATA, HEADERS, SETTINGS, END_STREAM, END_HEADERS] = [0, 1, 4, 1, 4];

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A string of HPACK, its length in seven bits and then in groups of seven (RFC 7541, 5.1). */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left >>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([...length, left]), bytes]);
}

interface MethodDefinition {
  readonly path: string;
  readonly requestSerialize: (message: unknown) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

function metadata(headers: Record<string, string>): Metadata {
  const result = new Metadata();
  for (const [name, value] of Object.entries(headers)) result.set(name, value);
  return result;
}

function ending({ code, details }: ServiceError): Ending {
  return { code, details };
}

/** What a stream brings until it ends, or until `count` messages came; then it is cancelled. */
export function collect(stream: ClientReadableStream<Person>, count = Infinity): Promise<Ending[]> {
  return new Promise((resolve) => {
    const seen: Ending[] = [];
    stream.on('data', (person: Person) => {
      if (seen.push(person) < count) return;
      stream.cancel();
      resolve(seen);
    });
    stream.on('end', () => resolve(seen));
    stream.on('error', (error: ServiceError) => resolve([...seen, ending(error)]));
  });
}
