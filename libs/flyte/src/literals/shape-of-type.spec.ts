import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { BlobType_BlobDimensionality, BlobTypeSchema, LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { At } from './at.js';
import { FlyteDir } from './dir.js';
import { FlyteFile } from './file.js';
import { shapeOfType } from './shape-of-type.js';

const { SINGLE, MULTIPART } = BlobType_BlobDimensionality;

describe('a blob of an interface', () => {
  it.each([
    ['a file', SINGLE, new FlyteFile({ uri: 's3://b/x' }), new FlyteDir({ uri: 's3://b/x' })],
    ['a directory', MULTIPART, new FlyteDir({ uri: 's3://b/x' }), new FlyteFile({ uri: 's3://b/x' })],
  ])('is %s by its dimensionality', (what, dimensionality, value, other) => {
    const blob = create(BlobTypeSchema, { dimensionality });
    const shape = shapeOfType(create(LiteralTypeSchema, { type: { case: 'blob', value: blob } }), 'it');
    for (const given of [value, { uri: 's3://b/x' }]) {
      expect(shape.toLiteral(given, new At('it')).value).toMatchObject({
        value: { value: { value: { uri: 's3://b/x', metadata: { type: { dimensionality } } } } },
      });
    }
    expect([shape.fits(value), shape.fits(other)]).toEqual([true, false]);
    expect(() => shape.toLiteral(other, new At('it'))).toThrow(`expected ${what}`);
  });
});
