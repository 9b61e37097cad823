import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { problemsOf, root } from './compiler.js';

// So that the file of refusals counts as read: the compiler reads it, and nothing runs it.
export type { B, direct, fakes, features } from './tasks.js';

const file = join(root, 'test/types/tasks.ts');
const EXPECTATION = /^( *)\/\/ @ts-expect-error -- /gm;

/** The lines, from 1, at which the compiler finds an error, where the file has this text. */
function errorLines(text: string): number[] {
  const found = problemsOf(file, new Map([[file, text]]));
  return found.map(({ file: at, start = 0 }) => (at?.getLineAndCharacterOfPosition(start).line ?? 0) + 1);
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
