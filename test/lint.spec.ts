import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './flyte-local/support.js';

/** The lines of a source in which the project's linter refuses a pattern. */
function refusedLines(source: string): number[] {
  const file = join(temporaryFolder(), 'a.ts');
  writeFileSync(file, source);
  const args = ['oxlint', '--config', resolve('.oxlintrc.json'), '--format', 'unix', file];
  const { stdout } = spawnSync('npx', ['--no-install', ...args], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .flatMap((line) => /:(\d+):\d+: toMatchObject passes/.exec(line)?.[1] ?? [])
    .map(Number);
}

describe('a pattern in toMatchObject', () => {
  it('is refused by the linter, wherever it stands', () => {
    const refused = ['{ a: /b/ }', '[{ a: { b: [/c/] } }]', '{ ...{ a: y ? /b/ : 1 } }', '{ a: y && /b/ } as never'];
    const fine = ['{ a: expect.stringMatching(/b/), c: /d/.source }', '[/b/.exec("b")]', '"b"'];
    const source = [...refused, ...fine].map((expected) => `expect(x).not.toMatchObject(${expected});`);
    expect(refusedLines([...source, 'expect(/b/).toThrow(/b/);'].join('\n'))).toEqual([1, 2, 3, 4]);
  });

  it.each(['text', undefined, { b: 'text' }])('is refused against %j where a variable brings it', (a) => {
    const pattern = { a: /x/ };
    expect(() => expect({ a }).toMatchObject(pattern)).toThrow('write expect.stringMatching');
    expect({ a: 'xyz' }).toMatchObject({ a: expect.stringMatching(pattern.a) });
  });
});
