import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, it } from 'vitest';

const dist = resolve('libs/flyte/dist');

/** All that is loaded with an entry: files of the package, the sources that they were made of, and other packages. */
function loadedWith(entry: string): { files: string[]; sources: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const load = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const specifier of staticImports(file)) {
      if (specifier.startsWith('.')) load(join(dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
    }
  };
  load(join(dist, entry));
  // What only hands on others' names has no map.
  const mapped = [...files].filter((file) => existsSync(`${file}.map`));
  const sources = mapped.flatMap((file) => {
    const map = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: string[] };
    return map.sources.map((source) => resolve(dirname(file), source));
  });
  return { files: [...files], sources, packages: [...packages] };
}

function staticImports(file: string): string[] {
  const { statements } = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return statements.flatMap((statement) =>
    (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
    statement.moduleSpecifier &&
    ts.isStringLiteral(statement.moduleSpecifier)
      ? [statement.moduleSpecifier.text]
      : [],
  );
}

let entry: ReturnType<typeof loadedWith>;
beforeAll(() => {
  entry = loadedWith('index.js');
});

it('the entry is a few files', () => {
  expect(entry.sources.filter((source) => source.includes('/libs/flyte/src/')).length).toBeGreaterThan(100);
  // One for each file of Flyte's interface, which are entries of their own, and a few more.
  expect(entry.files.length).toBeLessThan(36);
});

it.each([
  ['builders of images', /\/images\/builders\/(buildah|docker|find-|run-builder)/],
  ['what compiles tasks', '/compile/'],
  ['the command', '/cli/'],
  ['clients of clouds', /\/storage\/(s3|gs|abfs)-store/],
  ['the check of tokens', '/auth/jwt-verifier'],
  ['HTTP/2', '/connection/node-transports'],
  ['what runs an action', '/runtime/run-action'],
])('the entry loads %s when they are used', (_, part) => {
  const source = ts.sys.readDirectory(resolve('libs/flyte/src'), ['.ts']).filter((file) => matches(file, part));
  expect(source).not.toEqual([]);
  expect(entry.sources.filter((file) => matches(file, part))).toEqual([]);
});

it('the entry loads no package that only some use', () => {
  expect(entry.packages.toSorted()).toEqual([
    '@balena/dockerignore',
    '@bufbuild/protobuf',
    '@connectrpc/connect',
    '@msgpack/msgpack',
    '@nestjs/common',
    '@nestjs/config',
    '@nestjs/core',
    'reflect-metadata',
    'rxjs',
  ]);
});

it('nestjs-flyte/protocol loads nothing of NestJS, and no messages', () => {
  const { packages, sources } = loadedWith('protocol/index.js');
  expect(packages).toEqual([]);
  expect(sources.some((source) => source.endsWith('/protocol/redactor.ts'))).toBe(true);
  expect(sources.filter((source) => /\/gen\/flyteidl2\//.test(source))).toEqual([]);
});

function matches(file: string, part: string | RegExp): boolean {
  return typeof part === 'string' ? file.includes(part) : part.test(file);
}
