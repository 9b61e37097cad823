import { describe, expect, it } from 'vitest';
import { Compiler } from './compile.js';

const typeOf = (schema: object): unknown => {
  const compiler = new Compiler({ ...schema });
  const { type } = compiler.shape(schema, 'x');
  return compiler.problems.length > 0 ? compiler.problems : (type.type.case ?? 'none');
};

describe('JSON schemas of other libraries', () => {
  it.each([
    [{ type: ['string', 'null'] }, 'unionType'],
    [{ type: ['string', 'null'], enum: ['a', null] }, 'unionType'],
    [{ enum: ['a', 'b'] }, 'enumType'],
    [{ enum: ['a', 1, null] }, 'unionType'],
    [{ const: 'a' }, 'enumType'],
    [{ const: 1 }, 'simple'],
    [{ anyOf: [{ const: 'a' }, { const: 'b' }] }, 'enumType'],
    [{ anyOf: [{ type: 'string' }, { type: 'string', minLength: 1 }] }, 'simple'],
    [{ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' } }] }, 'unionType'],
    [
      { allOf: [{ $ref: '#/definitions/a' }, { properties: { b: {} } }], definitions: { a: { type: 'object' } } },
      'simple',
    ],
    [{ $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'boolean' } } }, 'simple'],
    [{ type: 'object', format: 'blob' }, 'blob'],
    [{ type: 'string', format: 'date-time', pattern: '(' }, 'simple'],
    [{ items: { type: 'string' } }, 'collectionType'],
    [{ additionalProperties: { type: 'string' } }, 'mapValueType'],
    [{ additionalProperties: true }, 'simple'],
    [
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } },
      ['x takes anything: say what travels, or put it into an object, whose fields may hold any JSON.'],
    ],
    [
      { $ref: 'https://elsewhere/schema' },
      ['x takes anything: say what travels, or put it into an object, whose fields may hold any JSON.'],
    ],
    [{ not: {} }, ['x takes nothing at all: remove it.']],
  ])('%j', (schema, expected) => {
    expect(typeOf(schema)).toEqual(expected);
  });
});
