import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isFoundFrom, isNative, packageName, packageOf } from './package-of.js';

const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-package-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function install(name: string, files: Readonly<Record<string, string>>): { name: string; folder: string } {
  const folder = join(root, 'node_modules', name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { name, folder };
}

describe('a package', () => {
  it.each([
    ['/app/node_modules/zod/index.js', 'zod', '/app/node_modules/zod'],
    ['/app/node_modules/@nestjs/core/injector/a.js', '@nestjs/core', '/app/node_modules/@nestjs/core'],
    ['/app/node_modules/a/node_modules/b/c.js', 'b', '/app/node_modules/a/node_modules/b'],
  ])('is that of %s', (file, name, folder) => {
    expect(packageOf(file)).toEqual({ name, folder });
  });

  it('is none of the app', () => {
    expect(packageOf('/app/dist/node_modules.js')).toBeUndefined();
  });

  it.each([
    ['zod', 'zod'],
    ['zod/v4', 'zod'],
    ['@acme/db', '@acme/db'],
    ['@acme/db/sub/path.js', '@acme/db'],
  ])('is named by %s', (specifier, name) => {
    expect(packageName(specifier)).toBe(name);
  });

  it('is found from folders below those that hold it, unless another is nearer', () => {
    const [outer, inner] = [install('outer', { 'a.js': '' }), install('outer/node_modules/inner', { 'a.js': '' })];
    expect(isFoundFrom(join(root, 'dist/deep'), outer)).toBe(true);
    expect(isFoundFrom(root, { ...inner, name: 'inner' })).toBe(false);
    expect(isFoundFrom(outer.folder, { ...inner, name: 'inner' })).toBe(true);
    mkdirSync(join(root, 'linked/node_modules'), { recursive: true });
    symlinkSync(outer.folder, join(root, 'linked/node_modules/outer'));
    expect(isFoundFrom(join(root, 'linked'), outer)).toBe(true);
    mkdirSync(join(root, 'dist/node_modules/outer'), { recursive: true });
    expect(isFoundFrom(join(root, 'dist/deep'), outer)).toBe(false);
  });
});

describe('native code', () => {
  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['plain', { 'package.json': '{ "dependencies": { "zod": "4" } }', 'index.js': '' }, false],
    ['bare', { 'index.js': '' }, false],
    ['a-binary', { 'package.json': '{}', 'prebuilds/linux-x64/a.node': '' }, true],
    ['of-another', { 'package.json': '{}', 'node_modules/other/a.node': '' }, false],
    ['builds', { 'package.json': '{ "gypfile": true }' }, true],
    ['gyp', { 'package.json': '{}', 'binding.gyp': '' }, true],
    ['downloads', { 'package.json': '{ "binary": { "host": "x" } }' }, true],
    ['looks-for-it', { 'package.json': '{ "dependencies": { "node-gyp-build": "4" } }' }, true],
    ['per-machine', { 'package.json': '{ "optionalDependencies": { "@img/sharp-linux-x64": "1" } }' }, true],
    ['optional', { 'package.json': '{ "optionalDependencies": { "fsevents": "2" } }' }, false],
    ['strange', { 'package.json': '{ "dependencies": ["a"], "optionalDependencies": null }' }, false],
    ['broken', { 'package.json': '{' }, false],
  ])('of %s', (name, files, is) => {
    expect(isNative(install(name, files))).toBe(is);
  });
});
