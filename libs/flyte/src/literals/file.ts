import { create } from '@bufbuild/protobuf';
import { BlobMetadataSchema, BlobSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { BlobType_BlobDimensionality, BlobTypeSchema, LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { type At, isRecord, own } from './at.js';
import { scalarLiteral, type Shape } from './shape.js';

/** How a {@link FlyteFile} is made. */
export interface FlyteFileFields {
  /** Where the content is: `s3://…`, `file://…`, `https://…`. */
  readonly uri: string;
  /** What kind of file it is, such as `csv`; empty where nobody says. */
  readonly format?: string | undefined;
  /** The content's hash where somebody computed one; Flyte's cache uses it instead of the URI. */
  readonly hash?: string | undefined;
}

/** A reference to a file in Flyte's storage: what passes between tasks is the URI, never the content. */
export class FlyteFile implements FlyteFileFields {
  /** Where the content is. */
  readonly uri: string;
  /** What kind of file it is; empty where nobody says. */
  readonly format: string;
  /** The content's hash, where somebody computed one. */
  readonly hash: string | undefined;

  constructor({ uri, format = '', hash }: FlyteFileFields) {
    this.uri = uri;
    this.format = format;
    this.hash = hash;
  }

  /** The last segment of the URI. */
  get name(): string {
    return this.uri.slice(this.uri.lastIndexOf('/') + 1);
  }
}

/** The JSON schema of the official SDK's `flyte.io.File`, by which Python finds that class again. */
export const FILE_JSON_SCHEMA = {
  'x-flyte-type': 'file',
  title: 'File',
  type: 'object',
  properties: {
    path: { title: 'Path', type: 'string' },
    name: { title: 'Name', anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
    format: { title: 'Format', type: 'string', default: '' },
    hash: { title: 'Hash', anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
  },
  required: ['path'],
} as const;

const EXPECTED = 'a file (a FlyteFile, or an object with its uri)';

function fileOf(value: unknown): FlyteFile | undefined {
  if (!isRecord(value)) return undefined;
  const [uri, format, hash] = [value['uri'], value['format'], value['hash']];
  if (typeof uri !== 'string' || uri === '') return undefined;
  return new FlyteFile({
    uri,
    format: typeof format === 'string' ? format : undefined,
    hash: typeof hash === 'string' ? hash : undefined,
  });
}

function checkedFile(value: unknown, at: At): FlyteFile {
  const file = fileOf(value);
  if (file === undefined) throw at.wrong(EXPECTED, value);
  return file;
}

/** A file; `flyte.io.File` in Python (`io/_file.py`). Inside an object it is that class's fields. */
export const fileShape: Shape = {
  type: create(LiteralTypeSchema, { type: { case: 'blob', value: create(BlobTypeSchema) } }),
  tag: 'File',
  fits: (value) => fileOf(value) !== undefined,
  toLiteral(value, at) {
    const { uri, format, hash } = checkedFile(value, at);
    const metadata = create(BlobMetadataSchema, { type: create(BlobTypeSchema, { format }) });
    return scalarLiteral({ case: 'blob', value: create(BlobSchema, { uri, metadata }) }, hash);
  },
  fromLiteral(opened, at, hash) {
    if (opened.case !== 'blob') throw at.problem(`expected ${EXPECTED}, got a literal of case ${opened.case}`);
    const { uri, metadata } = opened.value;
    if (metadata?.type?.dimensionality === BlobType_BlobDimensionality.MULTIPART) {
      throw at.problem(`expected ${EXPECTED}, got a directory`);
    }
    return new FlyteFile({ uri, format: metadata?.type?.format, hash: hash === '' ? undefined : hash });
  },
  pack(value, at) {
    const { uri, name, format, hash } = checkedFile(value, at);
    return { path: uri, name, format, hash: hash ?? null };
  },
  unpack(packed, at) {
    if (!isRecord(packed)) throw at.wrong(EXPECTED, packed);
    return checkedFile({ uri: own(packed, 'path'), format: own(packed, 'format'), hash: own(packed, 'hash') }, at);
  },
};
