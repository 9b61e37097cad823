import { create } from '@bufbuild/protobuf';
import { BlobMetadataSchema, BlobSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { BlobType_BlobDimensionality, BlobTypeSchema, LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { type At, isRecord, own } from './at.js';
import { scalarLiteral, type Shape } from './shape.js';

/** How a {@link FlyteReference} is made. */
export interface ReferenceFields {
  /** Where the content is: `s3://…`, `file://…`. */
  readonly uri: string;
  /** What kind of content it is, such as `csv`; empty where nobody says. */
  readonly format?: string | undefined;
  /** The content's hash where somebody computed one; Flyte's cache uses it instead of the URI. */
  readonly hash?: string | undefined;
}

/** A reference to what is in Flyte's storage: what passes between tasks is the URI, never the content. */
export abstract class FlyteReference implements ReferenceFields {
  /** Which kind it is: what the compiler tells files and directories apart by. */
  abstract get kind(): 'file' | 'dir';
  /** Where the content is. */
  readonly uri: string;
  /** What kind of content it is; empty where nobody says. */
  readonly format: string;
  /** The content's hash, where somebody computed one. */
  readonly hash: string | undefined;

  constructor({ uri, format = '', hash }: ReferenceFields) {
    this.uri = uri;
    this.format = format;
    this.hash = hash;
  }

  /** The last segment of the URI. */
  get name(): string {
    const path = this.uri.replace(/\/+$/, '');
    return path.slice(path.lastIndexOf('/') + 1);
  }
}

/**
 * The JSON schema of a class of the official SDK's `flyte.io`, by which Python finds that class again.
 *
 * @param mark of `x-flyte-type`
 * @param title the class's name in Python
 */
export function referenceSchema<M extends string>(mark: M, title: string) {
  const nullable = [{ type: 'string' }, { type: 'null' }];
  return {
    'x-flyte-type': mark,
    title,
    type: 'object',
    properties: {
      path: { title: 'Path', type: 'string' },
      name: { title: 'Name', anyOf: nullable, default: null },
      format: { title: 'Format', type: 'string', default: '' },
      hash: { title: 'Hash', anyOf: nullable, default: null },
    },
    required: ['path'],
  } as const;
}

/** What tells one kind of reference from the other. */
interface ReferenceKind<R extends FlyteReference> {
  readonly type: new (fields: ReferenceFields) => R;
  /** The name of Python's transformer. */
  readonly tag: string;
  readonly dimensionality: BlobType_BlobDimensionality;
  /** In words, for messages. */
  readonly expected: string;
  /** What a literal of the other kind holds, in words. */
  readonly other: string;
}

/** How a reference travels: as a blob; inside an object, as the fields of Python's class. */
export function referenceShape<R extends FlyteReference>(kind: ReferenceKind<R>): Shape {
  const { type, tag, dimensionality, expected, other } = kind;
  const referenceOf = (value: unknown): R | undefined => {
    if (!isRecord(value) || (value instanceof FlyteReference && !(value instanceof type))) return undefined;
    const [uri, format, hash] = [value['uri'], value['format'], value['hash']];
    if (typeof uri !== 'string' || uri === '') return undefined;
    return new type({
      uri,
      format: typeof format === 'string' ? format : undefined,
      hash: typeof hash === 'string' ? hash : undefined,
    });
  };
  const checked = (value: unknown, at: At): R => {
    const reference = referenceOf(value);
    if (reference === undefined) throw at.wrong(expected, value);
    return reference;
  };
  return {
    type: create(LiteralTypeSchema, { type: { case: 'blob', value: create(BlobTypeSchema, { dimensionality }) } }),
    tag,
    fits: (value) => referenceOf(value) !== undefined,
    toLiteral(value, at) {
      const { uri, format, hash } = checked(value, at);
      const metadata = create(BlobMetadataSchema, { type: create(BlobTypeSchema, { format, dimensionality }) });
      return scalarLiteral({ case: 'blob', value: create(BlobSchema, { uri, metadata }) }, hash);
    },
    fromLiteral(opened, at, hash) {
      if (opened.case !== 'blob') throw at.problem(`expected ${expected}, got a literal of case ${opened.case}`);
      const { uri, metadata } = opened.value;
      if ((metadata?.type?.dimensionality ?? BlobType_BlobDimensionality.SINGLE) !== dimensionality) {
        throw at.problem(`expected ${expected}, got ${other}`);
      }
      return new type({ uri, format: metadata?.type?.format, hash: hash === '' ? undefined : hash });
    },
    pack(value, at) {
      const { uri, name, format, hash } = checked(value, at);
      return { path: uri, name, format, hash: hash ?? null };
    },
    unpack(packed, at) {
      if (!isRecord(packed)) throw at.wrong(expected, packed);
      return checked({ uri: own(packed, 'path'), format: own(packed, 'format'), hash: own(packed, 'hash') }, at);
    },
  };
}
