import { create } from '@bufbuild/protobuf';
import { BinarySchema } from '../gen/flyteidl2/core/literals_pb.js';
import { SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { scalarLiteral, type Shape, simpleType } from './shape.js';

const EXPECTED = 'bytes (a Uint8Array)';

/**
 * Bytes. Python has no wire form of its own for `bytes`: its SDK pickles them into a `Binary` without a tag, and
 * unpickles whatever arrives there (`types/_pickle.py`). So bytes travel in that envelope, a pickle that holds one
 * bytes object and nothing else: Python reads them, and no byte of the value is ever taken for a pickle instruction.
 * Reading accepts that one form only; nothing is ever executed. Inside an object they are msgpack's own bytes.
 */
export const bytesShape: Shape = {
  type: simpleType(SimpleType.BINARY),
  tag: 'FlytePickle',
  fits: (value) => value instanceof Uint8Array,
  toLiteral(value, at) {
    if (!(value instanceof Uint8Array)) throw at.wrong(EXPECTED, value);
    return scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: pickled(value) }) });
  },
  fromLiteral(opened, at) {
    if (opened.case !== 'binary') {
      const stored =
        opened.case === 'blob' ? '; Python stores large bytes as a file, which this library cannot read' : '';
      throw at.problem(`expected ${EXPECTED}, got a literal of case ${opened.case}${stored}`);
    }
    const bytes = bytesIn(opened.value.value);
    if (bytes === undefined)
      throw at.problem(`expected ${EXPECTED}, got a Python pickle of something else, which is never run`);
    return bytes;
  },
  pack(value, at) {
    if (!(value instanceof Uint8Array)) throw at.wrong(EXPECTED, value);
    return value;
  },
  unpack(packed, at) {
    if (packed instanceof Uint8Array) return Uint8Array.from(packed);
    // Pydantic dumps bytes as text.
    if (typeof packed === 'string') return new TextEncoder().encode(packed);
    throw at.wrong(EXPECTED, packed);
  },
};

// Instructions of Python's pickle, https://github.com/python/cpython/blob/main/Lib/pickletools.py
const PROTO = 0x80;
const FRAME = 0x95;
const SHORT_BINBYTES = 0x43;
const BINBYTES = 0x42;
const BINBYTES8 = 0x8e;
const BYTEARRAY8 = 0x96;
const MEMOIZE = 0x94;
const BINPUT = 0x71;
const STOP = 0x2e;

function pickled(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 8);
  out.set([PROTO, 3, BINBYTES]);
  new DataView(out.buffer).setUint32(3, bytes.length, true);
  out.set(bytes, 7);
  out[bytes.length + 7] = STOP;
  return out;
}

/** The bytes object that a pickle consists of; undefined where it is anything else. */
export function bytesIn(pickle: Uint8Array): Uint8Array | undefined {
  const view = new DataView(pickle.buffer, pickle.byteOffset, pickle.byteLength);
  if (pickle.length < 4 || pickle[0] !== PROTO) return undefined;
  let at = 2;
  if (pickle[at] === FRAME) at += 9;
  const width = { [SHORT_BINBYTES]: 1, [BINBYTES]: 4, [BINBYTES8]: 8, [BYTEARRAY8]: 8 }[pickle[at] ?? 0];
  if (width === undefined || at + 1 + width > pickle.length) return undefined;
  const length =
    width === 1
      ? view.getUint8(at + 1)
      : width === 4
        ? view.getUint32(at + 1, true)
        : Number(view.getBigUint64(at + 1, true));
  const start = at + 1 + width;
  if (start + length >= pickle.length) return undefined;
  let end = start + length;
  if (pickle[end] === MEMOIZE) end += 1;
  else if (pickle[end] === BINPUT) end += 2;
  return pickle[end] === STOP && end === pickle.length - 1
    ? Uint8Array.from(pickle.subarray(start, start + length))
    : undefined;
}
