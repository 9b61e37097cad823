import { fromBinary, fromJsonString, type DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { readAllBytes } from '@connectrpc/connect/protocol';

/** The largest message that a client may send, in bytes: enough for development, and an end to the memory it takes. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** The largest body of a caller without a token, in bytes: what may be asked anonymously is short. */
export const MAX_ANONYMOUS_BYTES = 64 * 1024;

/** What gRPC, gRPC-Web and Connect's streams put before a message: a byte of flags and its length. */
const ENVELOPE_BYTES = 5;

/**
 * Reads a body that holds one message, and makes sure that it does: Connect would call bytes that are no message its own
 * fault (`internal`), and quote texts of the body that it can't put into a header of gRPC.
 *
 * @param body the bytes
 * @param header the request's headers
 * @param method the method that is called
 * @param maxBytes the longest message
 * @returns the bytes
 * @throws ConnectError `invalid_argument`, which quotes nothing of the body; `resource_exhausted` for a longer one
 */
export async function readMessage(
  body: AsyncIterable<Uint8Array>,
  header: Headers,
  method: DescMethod,
  maxBytes: number,
): Promise<Uint8Array> {
  const type = header.get('content-type') ?? '';
  const isEnveloped = /^application\/(grpc|connect\+)/i.test(type);
  const limit = maxBytes + (isEnveloped ? ENVELOPE_BYTES : 0);
  const bytes = await readAllBytes(body, limit, header.get('content-length'));
  // Connect itself says what is wrong with an envelope that is cut off.
  if (isEnveloped && bytes.length < ENVELOPE_BYTES) return bytes;
  const message = isEnveloped ? bytes.subarray(ENVELOPE_BYTES) : bytes;
  const isCompressed = isEnveloped ? (Number(bytes[0]) & 1) === 1 : header.has('content-encoding');
  const encoding = ['grpc-encoding', 'connect-content-encoding', 'content-encoding'].map((name) => header.get(name));
  const plain = isCompressed ? await decompressed(message, encoding.find(Boolean) ?? '') : message;
  if (plain !== undefined) requireMessage(method, plain, /json/i.test(type));
  return bytes;
}

/** Undefined for an encoding that Connect will refuse. */
async function decompressed(bytes: Uint8Array, encoding: string): Promise<Uint8Array | undefined> {
  const known = [compressionGzip, compressionBrotli].find(({ name }) => name === encoding);
  return known?.decompress(bytes, MAX_MESSAGE_BYTES);
}

function requireMessage({ input }: DescMethod, bytes: Uint8Array, isJson: boolean): void {
  try {
    if (isJson) fromJsonString(input, new TextDecoder().decode(bytes), { ignoreUnknownFields: true });
    else fromBinary(input, bytes);
  } catch (error) {
    // What stands behind it in the parser's message is the value.
    const field = /^cannot decode field ([\w.]+) /.exec(error instanceof Error ? error.message : '')?.[1];
    const where = field === undefined ? '' : `: the field ${field} is wrong`;
    const form = isJson ? ' in JSON' : '';
    throw new ConnectError(`The request's body is no ${input.typeName} message${form}${where}.`, Code.InvalidArgument);
  }
}
