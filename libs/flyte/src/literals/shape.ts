import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Literal,
  LiteralSchema,
  type Primitive,
  type Scalar,
  ScalarSchema,
} from '../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, LiteralTypeSchema, type SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { FlyteError } from '../errors/flyte-error.js';
import type { At } from './at.js';
import { unpackMessage } from './msgpack.js';

/** How a value travels inside an object, as part of one msgpack message. */
export interface Packer {
  /** Whether a native value belongs here: how a union finds its variant. */
  fits(value: unknown): boolean;
  /** From the native value to what the msgpack encoder takes. Throws FlyteError `invalid_argument`. */
  pack(value: unknown, at: At): unknown;
  /** From what the msgpack decoder gives to the native value. Throws FlyteError `invalid_argument`. */
  unpack(packed: unknown, at: At): unknown;
}

/** How a value travels as a variable of its own, or as an element of a list or a map of such. */
export interface Shape extends Packer {
  /** The variable's type in the task's interface. */
  readonly type: LiteralType;
  /**
   * The name of the Python SDK's transformer for this type. Python picks a union's variant by it
   * (`UnionTransformer.to_python_value` in its `types/_type_engine.py`).
   */
  readonly tag: string;
  /** From the native value. Throws FlyteError `invalid_argument`. */
  toLiteral(value: unknown, at: At): Literal;
  /** To the native value; `hash` is the literal's own. Throws FlyteError `invalid_argument`. */
  fromLiteral(opened: Opened, at: At, hash: string): unknown;
}

type Cases<T> = Exclude<T, { case: undefined } | { case: 'scalar' | 'primitive' }>;

/** What a literal holds, whichever of its three layers says so. */
export type Opened =
  | Cases<Literal['value']>
  | Cases<Scalar['value']>
  | Cases<Primitive['value']>
  | { readonly case: 'nothing'; readonly value?: undefined };

/** Looks through the layers Literal, Scalar and Primitive. */
export function open(literal: Literal): Opened {
  if (literal.value.case === undefined) return { case: 'nothing' };
  if (literal.value.case !== 'scalar') return literal.value;
  const scalar = literal.value.value.value;
  if (scalar.case === undefined) return { case: 'nothing' };
  if (scalar.case !== 'primitive') return scalar;
  const primitive = scalar.value.value;
  return primitive.case === undefined ? { case: 'nothing' } : primitive;
}

/**
 * Reads a literal as a shape, where shape and literal may differ in what Flyte lets differ: a union's value where no
 * union is declared, a msgpack message where Python's own readers take one (`from_binary_idl`).
 *
 * @throws FlyteError `invalid_argument` where they differ otherwise; `unimplemented` for what was stored elsewhere
 */
export function readLiteral(shape: Shape, literal: Literal, at: At): unknown {
  return readOpened(shape, open(literal), at, literal.hash);
}

/** {@link readLiteral} for a literal that is open already. */
export function readOpened(shape: Shape, opened: Opened, at: At, hash: string): unknown {
  if (opened.case === 'offloadedMetadata') {
    throw new FlyteError(
      'unimplemented',
      `${at.toString()}: the value was too large to pass it inline, so Flyte stored it elsewhere, which this library cannot read.`,
    );
  }
  if (shape.type.type.case === 'unionType') return shape.fromLiteral(opened, at, hash);
  if (opened.case === 'union' && opened.value.value !== undefined) return readLiteral(shape, opened.value.value, at);
  if (opened.case === 'binary' && opened.value.tag === 'msgpack') {
    return shape.unpack(unpackMessage(opened.value.value, at), at);
  }
  return shape.fromLiteral(opened, at, hash);
}

/** A literal that holds a scalar. */
export function scalarLiteral(value: MessageInitShape<typeof ScalarSchema>['value'], hash = ''): Literal {
  return create(LiteralSchema, { value: { case: 'scalar', value: create(ScalarSchema, { value }) }, hash });
}

/** A type that is one of Flyte's simple ones. */
export function simpleType(simple: SimpleType): LiteralType {
  return create(LiteralTypeSchema, { type: { case: 'simple', value: simple } });
}
