import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { compilerOptions, messageOf, problemsOf, root } from './compiler.js';

const folder = join(root, 'libs/flyte/src/remote/options');
const rules = join(folder, 'option-rules.ts');
const declared = join(folder, 'flyte-options.ts');
const LAST = "readonly protocol?: 'connect' | 'grpc';";

/** What the compiler says of the rules where an option is declared behind the last one, or a row is another. */
function problems(option: string, row: readonly [from: string, to: string] = ['', ''], withDefault = ''): string[] {
  const read = (file: string): string => ts.sys.readFile(file) ?? '';
  const texts = new Map([
    [
      declared,
      read(declared).replace(LAST, `${LAST}\n${option}`).replace("  | 'protocol';", `  | 'protocol'${withDefault};`),
    ],
    [rules, read(rules).replace(...row)],
  ]);
  return problemsOf(rules, texts, compilerOptions('libs/flyte/tsconfig.lib.json')).map(messageOf);
}

it('an option needs a row, with a check and a default of its type; the compiler refuses any other', () => {
  expect(problems('')).toEqual([]);
  const option = 'readonly colour?: string;';
  expect(problems(option)).toEqual([expect.stringMatching(/'colour' is missing/)]);
  const withRow = (row: string, withDefault = ''): string[] =>
    problems(option, ['  endpoint: {', `  colour: ${row},\n  endpoint: {`], withDefault);
  expect(withRow('{ check: text, byDefault: undefined }')).toEqual([]);
  expect(withRow("{ check: text, byDefault: 'red' }", "| 'colour'")).toEqual([]);
  const says = (text: RegExp) => expect.arrayContaining([expect.stringMatching(text)]) as string[];
  expect(withRow('{ check: text }')).toEqual(says(/'byDefault' is missing/));
  expect(withRow("{ byDefault: 'red' }")).toEqual(says(/'check' is missing/));
  expect(withRow('{ check: text, byDefault: 3 }', "| 'colour'")).toEqual(says(/'number' is not assignable/));
  expect(withRow("{ check: text, byDefault: 'red' }")).toEqual(says(/'string' is not assignable to type 'undefined'/));
  expect(withRow('{ check: text, byDefault: undefined }', "| 'colour'")).toEqual(
    says(/'undefined' is not assignable to type 'string'/),
  );
  const unknown = '  colour: { check: text, byDefault: undefined },\n  endpoint: {';
  expect(problems('', ['  endpoint: {', unknown])).toEqual(says(/'colour' does not exist/));
}, 120_000);
