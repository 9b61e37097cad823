import { decode, encode } from '@msgpack/msgpack';
import { type At, isPlain, kindOf, MAX_DEPTH } from './at.js';
import { showProtoKeys, STAND_IN } from './proto-key.js';

const UINT64_MAX = (1n << 64n) - 1n;
const INT64_MIN = -(1n << 63n);

const WRITING = { useBigInt64: true, forceIntegerToFloat: true, maxDepth: MAX_DEPTH + 20 };

/**
 * Writes a msgpack message. A bigint becomes an integer and a number a float64, so that `1`, `1.0` and `-0` arrive in
 * Python as what the schema says they are. Integers take nine bytes each for that; Python's would be shorter and equal.
 */
export function packMessage(packed: unknown, at: At): Uint8Array {
  try {
    return encode(packed, WRITING);
  } catch (error) {
    throw at.problem(`cannot be written as msgpack (${error instanceof Error ? error.name : 'unknown error'})`);
  }
}

/**
 * Reads a msgpack message. An integer of 64 bits arrives as a bigint, a number as a key is text, which Python's typed
 * dicts read as a number again.
 */
export function unpackMessage(bytes: Uint8Array, at: At): unknown {
  let hasProto = false;
  // The decoder refuses the key "__proto__", of nine bytes, unless it is given another name for it.
  const keyDecoder = {
    canBeCached: (length: number) => length === 9,
    decode(source: Uint8Array, offset: number, length: number): string {
      const key = new TextDecoder().decode(source.subarray(offset, offset + length));
      if (key !== '__proto__') return key;
      hasProto = true;
      return STAND_IN;
    },
  };
  let strange: unknown;
  const mapKeyConverter = (key: unknown): string => {
    if (typeof key === 'string') return key;
    if (typeof key !== 'number' && typeof key !== 'bigint') strange = key;
    return String(key);
  };
  let read: unknown;
  try {
    const packed = decode(bytes, { useBigInt64: true, keyDecoder, mapKeyConverter });
    read = hasProto ? showProtoKeys(packed) : packed;
  } catch (error) {
    // The cause is left out: it may quote a part of the value.
    throw at.problem(
      `holds a msgpack message that ${error instanceof RangeError ? 'ends too early, or nests too deeply' : 'is broken'}`,
    );
  }
  if (strange !== undefined)
    throw at.problem(`has ${kindOf(strange)} as a key, where only text and numbers can be one`);
  return read;
}

/** The same message with the keys of its maps in order. For what is compared: what travels keeps the order that it was written in. */
export function orderedMessage(bytes: Uint8Array, at: At): Uint8Array {
  return encode(unpackMessage(bytes, at), { ...WRITING, sortKeys: true });
}

/** A bigint that msgpack can hold; undefined for others. */
export function packInteger(value: bigint): bigint | undefined {
  return value >= INT64_MIN && value <= UINT64_MAX ? value : undefined;
}

/** Whether text has no half of a surrogate pair, which UTF-8 cannot carry. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

/** Refuses a key that would be changed on the way. */
export function checkKey(key: string, at: At): void {
  if (!isWellFormed(key)) throw at.problem('the key is not well-formed Unicode');
}

/** Anything that JSON could hold, and bytes and bigints beside it: fields that the schema says nothing about. */
export const anything = {
  fits: (value: unknown): boolean => value !== undefined && typeof value !== 'function' && typeof value !== 'symbol',

  pack(value: unknown, at: At): unknown {
    if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return value;
    if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    if (typeof value === 'string' && isWellFormed(value)) return value;
    if (typeof value === 'bigint' && packInteger(value) !== undefined) return value;
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
    if (Array.isArray(value)) return value.map((element, index) => anything.pack(element, at.child(index)));
    if (isPlain(value)) {
      return Object.fromEntries(
        Object.entries(value).flatMap(([key, field]) => {
          const there = at.child(key);
          checkKey(key, there);
          return field === undefined ? [] : [[key, anything.pack(field, there)]];
        }),
      );
    }
    throw at.wrong('something that JSON can hold', value);
  },

  unpack(packed: unknown, at: At): unknown {
    if (typeof packed === 'bigint')
      return BigInt(Number(packed)) === packed && Number.isSafeInteger(Number(packed)) ? Number(packed) : packed;
    if (Array.isArray(packed)) return packed.map((element, index) => anything.unpack(element, at.child(index)));
    if (isPlain(packed)) {
      return Object.fromEntries(
        Object.entries(packed).map(([key, field]) => [key, anything.unpack(field, at.child(key))]),
      );
    }
    return packed;
  },
};
