import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContext } from './build-context.js';
import { Image } from './image.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-context-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function source(name: string, files: readonly string[]): string {
  for (const path of files) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, path);
  }
  return join(folder, name);
}

/** What of a folder a build hands to the builder. */
function handedOver(image: Image): string[] {
  const written = writeContext(image.plan());
  try {
    const entries = readdirSync(join(written.context, 'files/1'), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(written.context, 'files/1/').length))
      .toSorted();
  } finally {
    written.remove();
  }
}

describe('the build context', () => {
  it('holds no file of variables, no dependencies and no history, wherever in a folder they lie', () => {
    const kept = ['main.js', 'src/env.js', 'src/environment/a.js'];
    const names = ['.env', '.env.production', '.envrc', '.git/config', 'node_modules/x/index.js', '.DS_Store'];
    const left = names.flatMap((name) => [name, `src/${name}`, `src/deep/er/${name}`]);
    const path = source('left', [...kept, ...left]);
    // Not even where its .dockerignore asks for them.
    writeFileSync(join(path, '.dockerignore'), '!.env\n!.env.production\n!**/.env.*\n');
    expect(handedOver(Image.fromBase('busybox').withSourceFolder(path, '/app'))).toEqual(['.dockerignore', ...kept]);
  });

  it("holds no state of a local control plane, whatever its folder's name and wherever it lies", () => {
    const state = ['signing-key.json', 'control-plane.db', 'secret-key', 'data/deep/output', '.gitignore'];
    const places = ['.flyte-local', 'a/.flyte-local', 'elsewhere', 'a/b/plane'];
    // Neither name alone is that of a state.
    const kept = ['main.js', 'one/secret-key', 'one/signing-key.json', 'two/control-plane.db'];
    const path = source('app', [...kept, ...places.flatMap((place) => state.map((name) => `${place}/${name}`))]);
    const image = Image.fromBase('busybox');
    expect(handedOver(image.withSourceFolder(path, '/app', { ignore: ['!**/.flyte-local'] }))).toEqual(kept);
    expect(() => image.withSourceFile(join(path, 'elsewhere/secret-key')).plan()).toThrow(/state of a local control/);
  });

  it('is the same on every machine: rights and times are set, links stay links', () => {
    const path = source('rights', ['run.sh', 'data/secret.txt']);
    chmodSync(join(path, 'run.sh'), 0o700);
    chmodSync(join(path, 'data/secret.txt'), 0o600);
    symlinkSync('../run.sh', join(path, 'data/link'));
    const written = writeContext(Image.fromBase('busybox').withSourceFolder(path, '/app').plan());
    const at = (name: string) => lstatSync(join(written.context, 'files/1', name));
    expect(at('run.sh').mode & 0o777).toBe(0o755);
    expect(at('data/secret.txt').mode & 0o777).toBe(0o644);
    expect(at('data').mode & 0o777).toBe(0o755);
    expect(at('data/link').isSymbolicLink()).toBe(true);
    expect(at('run.sh').mtime.toISOString()).toBe('1980-01-01T00:00:00.000Z');
    written.remove();
    expect(existsSync(written.context)).toBe(false);
  });

  it('refuses a file that is no longer the one that the tag was made of, and leaves nothing', () => {
    const path = source('changed', ['a.js', 'b.js']);
    const plan = Image.fromBase('busybox').withSourceFolder(path, '/app').plan();
    writeFileSync(join(path, 'b.js'), 'another');
    const before = process.env.TMPDIR;
    process.env.TMPDIR = join(folder, 'tmp');
    mkdirSync(process.env.TMPDIR);
    try {
      expect(() => writeContext(plan)).toThrow(/b\.js" changed while the image was being prepared: build again/);
      expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
      writeFileSync(join(path, 'b.js'), 'b.js');
      const written = writeContext(plan);
      expect(readFileSync(join(written.context, 'files/1/b.js'), 'utf8')).toBe('b.js');
      written.remove();
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});
