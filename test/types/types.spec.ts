import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

// So that the file of refusals counts as read: the compiler reads it, and nothing runs it.
export type { B, direct, fakes, features } from './tasks.js';

const file = join(import.meta.dirname, 'tasks.ts');
const root = join(import.meta.dirname, '../..');
const EXPECTATION = /^( *)\/\/ @ts-expect-error -- /gm;

/** The lines, from 1, at which the compiler finds an error, where the file has this text. */
function errorLines(text: string): number[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(join(root, 'tsconfig.json')));
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (path) => (path === file ? text : read(path));
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, version, ...rest) =>
    path === file ? ts.createSourceFile(path, text, version) : getSourceFile(path, version, ...rest);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  const found = ts.getPreEmitDiagnostics(program, source);
  return found.map(({ start = 0 }) => (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1);
}

describe('what the compiler refuses', () => {
  const text = ts.sys.readFile(file) ?? '';

  it('is all that test/types/tasks.ts expects, and nothing else', () => {
    expect(errorLines(text)).toEqual([]);
  });

  it('is an error for each expectation', () => {
    const expected = text.match(EXPECTATION)?.length ?? 0;
    expect(expected).toBeGreaterThan(20);
    const lines = new Set(errorLines(text.replace(EXPECTATION, '$1// ')));
    expect(lines.size).toBeGreaterThanOrEqual(expected);
  });
});
