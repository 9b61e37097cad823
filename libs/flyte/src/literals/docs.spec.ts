import { readFileSync } from 'node:fs';
import { toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { FlyteDir } from './dir.js';
import { FlyteFile } from './file.js';
import { asSchema } from './json-schema.js';
import { TaskCodec } from './task-codec.js';

const guide = readFileSync(new URL('../../../../docs/types.md', import.meta.url), 'utf8');
const rows = [...guide.matchAll(/^\| `(z\..+?)` +\| `(\w+)` +\|/gm)].map(([, schema = '', type = '']) => [
  schema,
  type,
]);

/** The schema that a row of the guide writes. */
const evaluate = (source: string): unknown =>
  // oxlint-disable-next-line typescript/no-implied-eval -- the guide is ours, and this is how its code runs as a test
  Reflect.apply(new Function('z', 'FlyteFile', 'FlyteDir', `return ${source}`), undefined, [z, FlyteFile, FlyteDir]);

describe('the table of docs/types.md', () => {
  it.each(rows)('%s travels as %s', (source, type) => {
    const schema = evaluate(source);
    if (!(schema instanceof z.ZodType)) throw new Error(`${source} is no schema`);
    const codec = new TaskCodec<unknown, unknown>({ inputs: z.object({ x: schema }) });
    const found = codec.interface().inputs?.variables[0]?.value?.type;
    if (found === undefined) throw new Error('no variable');
    const json = asSchema(toJson(LiteralTypeSchema, found));
    expect([json['simple'], ...Object.keys(json)]).toContain(type);
  });

  it('has all its rows', () => {
    expect(rows).toHaveLength(27);
  });
});
