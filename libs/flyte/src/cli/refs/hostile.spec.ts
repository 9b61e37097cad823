import { create } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { LiteralTypeSchema, SimpleType } from '../../gen/flyteidl2/core/types_pb.js';
import { type TaskSpec, TaskSpecSchema } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { refsSource } from './refs-source.js';
import { keySource, valueSource } from './words.js';

const { SyntaxKind } = ts;

/** What a file of refs may be made of. Nothing else is there, so nothing else runs. */
const NODES: ReadonlySet<ts.SyntaxKind> = new Set([
  ...[SyntaxKind.SourceFile, SyntaxKind.ImportDeclaration, SyntaxKind.ImportClause, SyntaxKind.NamedImports],
  ...[SyntaxKind.ImportSpecifier, SyntaxKind.NamespaceImport, SyntaxKind.ExportDeclaration, SyntaxKind.NamedExports],
  ...[SyntaxKind.VariableStatement, SyntaxKind.VariableDeclarationList, SyntaxKind.VariableDeclaration],
  ...[SyntaxKind.ExportKeyword, SyntaxKind.Identifier, SyntaxKind.CallExpression, SyntaxKind.PropertyAccessExpression],
  ...[SyntaxKind.ObjectLiteralExpression, SyntaxKind.PropertyAssignment, SyntaxKind.ComputedPropertyName],
  ...[SyntaxKind.ArrayLiteralExpression, SyntaxKind.StringLiteral, SyntaxKind.NumericLiteral, SyntaxKind.BigIntLiteral],
  ...[SyntaxKind.PrefixUnaryExpression, SyntaxKind.TrueKeyword, SyntaxKind.FalseKeyword, SyntaxKind.NullKeyword],
  ...[SyntaxKind.GetAccessor, SyntaxKind.Block, SyntaxKind.ReturnStatement, SyntaxKind.ArrowFunction],
  ...[SyntaxKind.EqualsGreaterThanToken, SyntaxKind.JSDoc, SyntaxKind.EndOfFileToken],
]);

/** What is called or named at the root of an expression. */
const ROOTS = /^(?:z|taskRef|FlyteFile|FlyteDir|Uint8Array|[A-Z][A-Za-z0-9]*)$/;

/** What a source has in it that no file of refs should have. */
function foreign(source: string): string[] {
  const file = ts.createSourceFile('refs.ts', source, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
  found.push(...diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')));
  if (/[^\P{C}\n]|[\u2028\u2029]/u.test(source)) found.push('a character that does not show');
  if (/^\s*(?:\/\/|\/?\*+)\s*@|source(?:Mapping)?URL=|^\s*\/\/\/\s*</m.test(source))
    found.push('a comment that steers');
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (!NODES.has(node.kind)) found.push(SyntaxKind[node.kind]);
    if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) {
      let root: ts.Node = node;
      while (ts.isCallExpression(root) || ts.isPropertyAccessExpression(root)) root = root.expression;
      if (!ts.isIdentifier(root) || !ROOTS.test(root.text)) found.push(root.getText());
    }
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === '__proto__')
      found.push('__proto__');
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const statement of file.statements) {
    const isExport = ts.isVariableStatement(statement) || ts.isExportDeclaration(statement);
    if (!isExport && !ts.isImportDeclaration(statement)) found.push(statement.getText());
  }
  return found;
}

/** A task that says one text wherever a task has text. */
function hostileTask(text: string, name = `a.${text}`): TaskSpec {
  const field = { type: 'string', description: text, pattern: text, default: text, title: text };
  const metadata = {
    title: text,
    description: text,
    type: 'object',
    properties: {
      [text]: field,
      plain: { ...field, format: text },
      one: { enum: [text, 'x'], default: text },
      const: { const: text },
      ref: { $ref: `#/$defs/${text}`, description: text },
      nowhere: { $ref: text },
      odd: { [text]: text },
      dict: { type: 'object', default: { [text]: text } },
      self: { $ref: '#/$defs/Self' },
    },
    required: [text],
    $defs: {
      [text]: { title: text, type: 'object', description: text, properties: { [text]: { $ref: `#/$defs/${text}` } } },
      Self: { title: `Self${text}`, type: 'object', properties: { [text]: { $ref: '#/$defs/Self' } } },
    },
  };
  const struct = create(LiteralTypeSchema, {
    type: { case: 'simple', value: SimpleType.STRUCT },
    structure: { tag: 'Pydantic Transformer' },
  });
  struct.metadata = JSON.parse(JSON.stringify(metadata));
  const types = {
    struct,
    [text]: create(LiteralTypeSchema, { type: { case: 'enumType', value: { values: [text, 'x'] } } }),
  };
  const pickle = create(LiteralTypeSchema, {
    type: {
      case: 'unionType',
      value: { variants: [{ type: { case: 'blob', value: { format: 'PythonPickle' } } }] },
    },
  });
  pickle.metadata = { python_class_name: text };
  const variables = Object.entries(types).map(([key, type]) => ({ key, value: { type, description: text } }));
  const outputs = [...variables, { key: `${text}2`, value: { type: pickle, description: text } }];
  const value = {
    value: {
      case: 'scalar' as const,
      value: { value: { case: 'primitive' as const, value: { value: { case: 'stringValue' as const, value: text } } } },
    },
  };
  return create(TaskSpecSchema, {
    taskTemplate: { id: { name }, interface: { inputs: { variables }, outputs: { variables: outputs } } },
    defaultInputs: [{ name: text, parameter: { behavior: { case: 'default', value } } }],
    documentation: { shortDescription: text },
  });
}

const NASTY = [
  "'); globalThis.done = true; ('",
  "\\'); globalThis.done = true; //",
  '*/ globalThis.done = true; /*',
  '**/globalThis.done=true/*',
  '*\u0000/ globalThis.done = true; /*',
  '\nglobalThis.done = true;\n',
  '\r\nglobalThis.done = true;',
  '\u2028globalThis.done = true;\u2029',
  '`${globalThis.done = true}`',
  '@ts-nocheck',
  '\n@ts-ignore',
  '# sourceMappingURL=https://elsewhere/x.map',
  '//# sourceMappingURL=https://elsewhere/x.map',
  '/ <reference path="x" />',
  '</script><script>',
  '__proto__',
  'constructor',
  'toString',
  '\u202Eesrever\u202C',
  '\uFEFF\u200B\u00A0',
  'a\uD800b',
  '',
  ' ',
  '0',
  '"',
  "'",
  '\\',
  '\\u0027',
  '$&$1$`',
  'z',
  'taskRef',
  'default',
  '🔑é',
];

describe('a task of whoever', () => {
  it.each(NASTY)('puts nothing but words into the file: %j', (text) => {
    for (const name of [`a.${text}`, text, `${text}.a`, 'a.b']) {
      const { source } = refsSource([hostileTask(text, name)], `--out ${text}`, text === '' ? undefined : text);
      expect(foreign(source)).toEqual([]);
    }
    expect(globalThis).not.toHaveProperty('done');
  });

  it('puts nothing but words into the file, whatever it says', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom("'", '"', '`', '\\', '/', '*', '\n', '\r', '\u2028', '{', '}', '$', '@', '//', 'x'),
      }),
      fc.array(fc.constantFrom(...NASTY), { maxLength: 3 }).map((some) => some.join('')),
    );
    fc.assert(
      fc.property(words, fc.boolean(), (text, isNamed) => {
        const { source } = refsSource([hostileTask(text, isNamed ? `a.${text}` : 'a.b')], `--out ${text}`);
        expect(foreign(source)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what it says: every text arrives as it was', () => {
    const text = `'"\\\n\u2028\u202E*/\${x}`;
    const { source } = refsSource([hostileTask(text, 'a.b')], '');
    const strings = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteral(node)) strings.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile('refs.ts', source, ts.ScriptTarget.ES2023));
    expect([...strings]).toContain(text);
  });

  it('writes a key that would set a prototype as a key', () => {
    expect(valueSource(JSON.parse('{ "__proto__": { "a b": 1, "c": "\'" } }'))).toBe(
      `{ ['__proto__']: { 'a b': 1, c: "'" } }`,
    );
    expect(keySource('__proto__')).toBe("['__proto__']");
  });

  it('is seen by this test where something gets through', () => {
    expect(foreign('export const A = z.string();\nglobalThis.done = true;')).not.toEqual([]);
    expect(foreign('export const A = z.string().meta(`${done()}`);')).not.toEqual([]);
    expect(foreign('export const A = done();')).not.toEqual([]);
    expect(foreign('// @ts-nocheck\nexport {};')).not.toEqual([]);
    expect(foreign('export const A = z.object({ __proto__: z.string() });')).not.toEqual([]);
    expect(foreign("export const A = z.literal('\u202E');")).not.toEqual([]);
  });
});
