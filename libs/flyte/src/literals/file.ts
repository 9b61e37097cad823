import { BlobType_BlobDimensionality } from '../gen/flyteidl2/core/types_pb.js';
import { FlyteReference, referenceSchema, referenceShape } from './reference.js';

/**
 * A reference to a file in Flyte's storage: what passes between tasks is the URI, never the content. `FileService` moves
 * the content. `flyte.io.File` in Python.
 */
export class FlyteFile extends FlyteReference {
  override get kind(): 'file' {
    return 'file';
  }
}

/** The JSON schema of `flyte.io.File`. */
export const FILE_JSON_SCHEMA = referenceSchema('file', 'File');

/** A file; `flyte.io.File` in Python (`io/_file.py`). */
export const fileShape = referenceShape({
  type: FlyteFile,
  tag: 'File',
  dimensionality: BlobType_BlobDimensionality.SINGLE,
  expected: 'a file (a FlyteFile, or an object with its uri)',
  other: 'a directory',
});
