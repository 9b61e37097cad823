import { create } from '@bufbuild/protobuf';
import { PrimitiveSchema, type Primitive } from '../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { anything, isWellFormed, packInteger } from './msgpack.js';
import { type Opened, type Packer, scalarLiteral, type Shape, simpleType } from './shape.js';

/** What {@link primitiveShape} needs; each function answers undefined where the value doesn't belong. */
export interface PrimitiveRule {
  readonly type: LiteralType;
  readonly tag: string;
  /** What belongs here, in words. */
  readonly expected: string;
  readonly to: (value: unknown) => Primitive['value'] | undefined;
  readonly from: (opened: Opened) => unknown;
  readonly pack: (value: unknown) => unknown;
  readonly unpack: (packed: unknown) => unknown;
}

/** A shape whose literals are primitives. */
export function primitiveShape({ type, tag, expected, to, from, pack, unpack }: PrimitiveRule): Shape {
  return {
    type,
    tag,
    fits: (value) => to(value) !== undefined,
    toLiteral(value, at) {
      const primitive = to(value);
      if (primitive === undefined) throw at.wrong(expected, value);
      return scalarLiteral({ case: 'primitive', value: create(PrimitiveSchema, { value: primitive }) });
    },
    fromLiteral(opened, at) {
      const value = from(opened);
      if (value === undefined && opened.case === 'integer') throw at.wrongOnArrival(expected, opened.value);
      if (value === undefined) throw at.problem(`expected ${expected}, got a literal of case ${opened.case}`);
      return value;
    },
    pack(value, at) {
      const packed = pack(value);
      if (packed === undefined) throw at.wrong(expected, value);
      return packed;
    },
    unpack(packed, at) {
      const value = unpack(packed);
      if (value === undefined) throw at.wrongOnArrival(expected, packed);
      return value;
    },
  };
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && isWellFormed(value) ? value : undefined;

/** Text; `str` in Python. */
export const stringShape: Shape = primitiveShape({
  type: simpleType(SimpleType.STRING),
  tag: 'str',
  expected: 'text of well-formed Unicode',
  to: (value) => (text(value) === undefined ? undefined : { case: 'stringValue', value: String(value) }),
  from: (opened) => (opened.case === 'stringValue' ? opened.value : undefined),
  pack: text,
  unpack: text,
});

/** `true` or `false`; `bool` in Python. */
export const booleanShape: Shape = primitiveShape({
  type: simpleType(SimpleType.BOOLEAN),
  tag: 'bool',
  expected: 'true or false',
  to: (value) => (typeof value === 'boolean' ? { case: 'boolean', value } : undefined),
  from: (opened) => (opened.case === 'boolean' ? opened.value : undefined),
  pack: (value) => (typeof value === 'boolean' ? value : undefined),
  unpack: (packed) => (typeof packed === 'boolean' ? packed : undefined),
});

const number = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  // Python's reader of floats takes an integer too, as long as it loses nothing here.
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
};

/** A number, NaN and the infinities included; `float` in Python. */
export const floatShape: Shape = primitiveShape({
  type: simpleType(SimpleType.FLOAT),
  tag: 'float',
  expected: 'a number',
  to: (value) => (typeof value === 'number' ? { case: 'floatValue', value } : undefined),
  from: (opened) => (opened.case === 'floatValue' || opened.case === 'integer' ? number(opened.value) : undefined),
  pack: (value) => (typeof value === 'number' ? value : undefined),
  unpack: number,
});

/** The same where whole numbers stay floats beside other kinds, too: `z.float64()`. */
export const exactFloatShape: Shape = { ...floatShape };

/** A number inside an object where it is one of several kinds: whole ones become integers. */
export const numberPacker: Packer = { ...floatShape, pack: (value, at) => anything.pack(value, at) };

const whole = (value: unknown): bigint | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'bigint' ? value : undefined;
};
const int64 = (value: unknown): Primitive['value'] | undefined => {
  const integer = whole(value);
  return integer === undefined || BigInt.asIntN(64, integer) !== integer
    ? undefined
    : { case: 'integer', value: integer };
};
const safe = (value: unknown): number | undefined => {
  const integer = whole(value);
  return integer !== undefined && Number.isSafeInteger(Number(integer)) ? Number(integer) : undefined;
};
const packed64 = (value: unknown): bigint | undefined => {
  const integer = whole(value);
  return integer === undefined ? undefined : packInteger(integer);
};
// Flyte's console writes whole numbers as floats; Python's reader of integers takes those too.
const integerOf = (opened: Opened): unknown =>
  opened.case === 'integer' || opened.case === 'floatValue' ? opened.value : undefined;

/** A whole number as JavaScript's number, up to 2^53 either way: beyond, digits would be lost. `int` in Python. */
export const integerShape: Shape = primitiveShape({
  type: simpleType(SimpleType.INTEGER),
  tag: 'int',
  expected: 'a whole number up to 2^53',
  to: int64,
  from: (opened) => safe(integerOf(opened)),
  pack: packed64,
  unpack: safe,
});

/** A whole number of 64 bits as a bigint; `int` in Python. */
export const bigintShape: Shape = primitiveShape({
  type: simpleType(SimpleType.INTEGER),
  tag: 'int',
  expected: 'a whole number of 64 bits',
  to: int64,
  from: (opened) => whole(integerOf(opened)),
  pack: packed64,
  unpack: whole,
});

/** Only null; `None` in Python. */
export const noneShape: Shape = {
  type: simpleType(SimpleType.NONE),
  tag: 'none',
  fits: (value) => value === null,
  toLiteral(value, at) {
    if (value !== null) throw at.wrong('null', value);
    return scalarLiteral({ case: 'noneType', value: {} });
  },
  fromLiteral(opened, at) {
    if (opened.case !== 'noneType') throw at.problem(`expected null, got a literal of case ${opened.case}`);
    return null;
  },
  pack(value, at) {
    if (value !== null) throw at.wrong('null', value);
    return null;
  },
  unpack(packed, at) {
    if (packed !== null) throw at.wrong('null', packed);
    return null;
  },
};

/** The same shape for some of its values only: how a union tells `{ kind: 1 }` from `{ kind: 2 }`. */
export function only(shape: Shape, values: readonly unknown[]): Shape {
  return { ...shape, fits: (value) => values.includes(value) };
}
