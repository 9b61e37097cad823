import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { refsFile } from './refs-file.js';
import { refsSource } from './refs-source.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-refs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { source } = refsSource([], '--out refs.ts');
const refused = (message: RegExp): unknown => {
  const text: unknown = expect.stringMatching(message);
  return expect.objectContaining({ code: 'invalid_argument', message: text });
};

describe('the file of refs', () => {
  it('is made with its folder, and with nothing beside it', () => {
    const path = join(folder, 'deep/er/refs.mts');
    const file = refsFile(path);
    expect(file.differs(source)).toBe(true);
    file.write(source);
    expect(readFileSync(path, 'utf8')).toBe(source);
    expect(readdirSync(join(folder, 'deep/er'))).toEqual(['refs.mts']);
    expect(refsFile(path).differs(source)).toBe(false);
    expect(refsFile(path).differs(`${source}\n`)).toBe(true);
  });

  it('is the same with the line ends of another system', () => {
    const path = join(folder, 'crlf.ts');
    writeFileSync(path, source.replaceAll('\n', '\r\n'));
    expect(refsFile(path).differs(source)).toBe(false);
  });

  it('may be there and empty', () => {
    const path = join(folder, 'empty.ts');
    writeFileSync(path, '\n');
    expect(refsFile(path).differs(source)).toBe(true);
  });

  it.each<[what: string, name: string, message: RegExp]>([
    ['a file of JavaScript', 'x.js', /does not end in \.ts: name a file of TypeScript/],
    ['a file of types alone', 'x.d.ts', /does not end in \.ts/],
    ["somebody's own file", 'mine.ts', /mine\.ts was not written by this command/],
    ['a folder', 'folder.ts', /can't be read \(EISDIR\): give another --out/],
    ['a file in a file', 'mine.ts/x.ts', /can't be read \(ENOTDIR\)/],
  ])('is not %s', (_, name, message) => {
    mkdirSync(join(folder, 'folder.ts'), { recursive: true });
    writeFileSync(join(folder, 'mine.ts'), `import 'x';\n${source}`);
    expect(() => refsFile(join(folder, name))).toThrow(refused(message));
  });

  it('that can not be written is said to, and leaves nothing', () => {
    const path = join(folder, 'later.ts');
    const file = refsFile(path);
    mkdirSync(path);
    expect(() => file.write(source)).toThrow(refused(/later\.ts can't be written \(EISDIR\)/));
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
