import { BlobType_BlobDimensionality } from '../gen/flyteidl2/core/types_pb.js';
import { FlyteReference, referenceSchema, referenceShape } from './reference.js';

/**
 * A reference to a directory in Flyte's storage, with all that is below its URI. `FileService` moves the content.
 * `flyte.io.Dir` in Python.
 */
export class FlyteDir extends FlyteReference {
  override get kind(): 'dir' {
    return 'dir';
  }
}

/** The JSON schema of `flyte.io.Dir`. */
export const DIR_JSON_SCHEMA = referenceSchema('dir', 'Dir');

/** A directory; `flyte.io.Dir` in Python (`io/_dir.py`). */
export const dirShape = referenceShape({
  type: FlyteDir,
  tag: 'Dir',
  dimensionality: BlobType_BlobDimensionality.MULTIPART,
  expected: 'a directory (a FlyteDir, or an object with its uri)',
  other: 'a file',
});
