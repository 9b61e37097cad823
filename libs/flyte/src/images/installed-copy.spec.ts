import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContextEntry } from './context-files.js';
import { installedCopy } from './installed-copy.js';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean } | undefined>>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'installed-copy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Installs a package by hand. */
function install(app: string, files: Readonly<Record<string, string | object>>): string {
  const copy = join(folder, app, 'node_modules/nestjs-flyte');
  for (const [path, content] of Object.entries(files)) {
    const file = join(copy, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return copy;
}

const manifestOf = (entries: readonly ContextEntry[]): Manifest => {
  const entry = entries.find(({ path }) => path === 'package.json');
  if (entry?.kind !== 'text') throw new Error('there is no package.json made for the image');
  return JSON.parse(entry.text) as Manifest;
};

describe('the installed copy of this package', () => {
  it('is what npm would publish of it', () => {
    const paths = installedCopy()
      .list()
      .map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['bin/nestjs-flyte.js', 'LICENSE', 'NOTICE', 'package.json']));
    expect(paths.filter((path) => /^src\/|\.spec\.|tsbuildinfo|tsconfig|^test-data/.test(path))).toEqual([]);
  });

  it('asks for the versions that are installed beside it', () => {
    const root = join(import.meta.dirname, '../../../..');
    const { dependencies, peerDependencies, peerDependenciesMeta } = manifestOf(installedCopy().list());
    const peers = Object.entries(peerDependencies);
    const isOptional = ([name]: [string, string]): boolean => peerDependenciesMeta[name]?.optional === true;
    const wanted = { ...dependencies, ...Object.fromEntries(peers.filter((peer) => !isOptional(peer))) };
    expect(Object.keys(wanted)).toEqual(expect.arrayContaining(['jose', 'tar', '@nestjs/core', 'rxjs']));
    const installed = Object.keys(wanted).map((name) => {
      // Another version of it may lie above.
      const places = ['libs/flyte/node_modules', 'node_modules'].map((place) =>
        join(root, place, name, 'package.json'),
      );
      const text = readFileSync(places.find((place) => existsSync(place)) ?? '', 'utf8');
      return [name, (JSON.parse(text) as Manifest).version];
    });
    expect(wanted).toEqual(Object.fromEntries(installed));
    const optional = Object.fromEntries(peers.filter(isOptional));
    expect(Object.keys(optional)).toEqual(expect.arrayContaining(['@nestjs/websockets', '@aws-sdk/client-s3']));
    for (const range of Object.values(optional)) expect(range).toMatch(/^(?:\^|>=)/);
  });

  it('takes the nearest of several, and nothing along that only its makers need', () => {
    const copy = install('near', {
      'package.json': {
        name: 'nestjs-flyte',
        version: '1.0.0',
        files: ['dist', '!dist/**/*.spec.*'],
        dependencies: { jose: '^6.0.0' },
        devDependencies: { vitest: '4' },
        scripts: { postinstall: 'false' },
      },
      'dist/a.js': '1',
      'dist/b/c.js': '2',
      'dist/b/c.spec.js': '3',
      'notes.md': '4',
      'node_modules/jose/package.json': { name: 'jose', version: '6.0.1' },
      '../jose/package.json': { name: 'jose', version: '6.9.9' },
    });
    const entries = installedCopy(copy).list();
    expect(entries.map(({ path }) => path)).toEqual(['dist/a.js', 'dist/b/c.js', 'package.json']);
    expect(manifestOf(entries)).toEqual({
      ...{ name: 'nestjs-flyte', version: '1.0.0', files: ['dist', '!dist/**/*.spec.*'] },
      ...{ dependencies: { jose: '6.0.1' }, peerDependencies: {}, peerDependenciesMeta: {} },
    });
  });

  it('says what to do where the package lies in a bundle, or without its dependencies', () => {
    const bundled = install('bundled', { 'package.json': { name: 'my-app', version: '1.0.0' } });
    for (const place of [bundled, join(folder, 'nowhere')]) {
      expect(() => installedCopy(place).list()).toThrow(/holds it in a bundle: leave nestjs-flyte out/);
    }
    const bare = install('bare', {
      'package.json': { name: 'nestjs-flyte', version: '1.0.0', dependencies: { 'no-such-thing': '1' } },
    });
    expect(() => installedCopy(bare).list()).toThrow(/found no no-such-thing in a node_modules folder/);
  });
});
