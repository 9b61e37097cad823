import { FlyteError } from '../errors/flyte-error.js';
import { BlobType_BlobDimensionality, type LiteralType, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { listShape, packedRecord, recordShape } from './containers.js';
import { dirShape } from './dir.js';
import { enumShape } from './enums.js';
import { fileShape } from './file.js';
import { anything } from './msgpack.js';
import { booleanShape, floatShape, integerShape, noneShape, stringShape } from './scalars.js';
import type { Shape } from './shape.js';
import { structShape } from './struct.js';
import { dateTimeShape, durationShape } from './time.js';
import { unionShape } from './union.js';

const SIMPLE: ReadonlyMap<SimpleType, Shape> = new Map([
  [SimpleType.INTEGER, integerShape],
  [SimpleType.FLOAT, floatShape],
  [SimpleType.STRING, stringShape],
  [SimpleType.BOOLEAN, booleanShape],
  [SimpleType.DATETIME, dateTimeShape('text')],
  [SimpleType.DURATION, durationShape],
  [SimpleType.NONE, noneShape],
  [SimpleType.STRUCT, structShape(packedRecord(anything), {}, '')],
]);

/**
 * How values of a type travel where no schema is at hand, only a task's interface: dates and durations as ISO 8601 text,
 * objects as they are.
 *
 * @param what has the type, for the message
 * @throws FlyteError `unimplemented` for types whose values nobody can write down
 */
export function shapeOfType(literalType: LiteralType, what: string): Shape {
  const { type } = literalType;
  const found = ((): Shape | undefined => {
    switch (type.case) {
      case 'simple':
        return SIMPLE.get(type.value);
      case 'enumType':
        return enumShape(type.value.values);
      case 'collectionType':
        return listShape(shapeOfType(type.value, what));
      case 'mapValueType':
        return recordShape(shapeOfType(type.value, what));
      case 'unionType':
        return unionShape(type.value.variants.map((variant) => shapeOfType(variant, what)));
      case 'blob':
        return type.value.dimensionality === BlobType_BlobDimensionality.MULTIPART ? dirShape : fileShape;
      default:
        return undefined;
    }
  })();
  // What a union writes down of its variant is the variant's own type and tag.
  if (found !== undefined) return { ...found, type: literalType, tag: literalType.structure?.tag || found.tag };
  throw new FlyteError(
    'unimplemented',
    `${what} is of the type ${type.case ?? 'unknown'}, whose values can't be written down here.`,
  );
}
