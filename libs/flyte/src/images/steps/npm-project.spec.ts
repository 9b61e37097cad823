import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContext } from '../build-context.js';
import { Image } from '../image.js';
import type { NpmProjectOptions } from './npm-project.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm-project-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | object>>;

function project(name: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return join(folder, name);
}

const imageOf = (path: string, options?: NpmProjectOptions): Image =>
  Image.fromBase('node').withNpmProject(path, options);
/** What is there before `npm ci`. */
const first = (path: string, options?: NpmProjectOptions): string[] => {
  const [files] = imageOf(path, options).plan().files.values();
  return files?.map(({ entry }) => entry.path) ?? [];
};
const lock = (packages: object): object => ({ lockfileVersion: 3, packages });

describe('withNpmProject', () => {
  it('copies what npm ci reads first: package files of workspaces, tarballs, and what include names', () => {
    const path = project('parts', {
      'package.json': {},
      'npm-shrinkwrap.json': lock({
        '': {},
        'node_modules/a': { resolved: 'file:vendor/a.tgz' },
        'node_modules/b': { resolved: 'https://registry.npmjs.org/b/-/b-1.0.0.tgz' },
        'node_modules/one': { resolved: 'packages/one', link: true },
        'packages/one': {},
        'packages/one/node_modules/c': { resolved: 'file:./packages/one/c.tgz' },
      }),
      'vendor/a.tgz': '',
      'vendor/unused.tgz': '',
      'packages/one/package.json': {},
      'packages/one/c.tgz': '',
      'packages/one/index.js': '',
      'patches/b.patch': '',
      'schema/a.prisma': '',
      'schema/notes.md': '',
    });
    const dependencies = [
      'npm-shrinkwrap.json',
      'package.json',
      'packages/one/c.tgz',
      'packages/one/package.json',
      'vendor/a.tgz',
    ];
    expect(first(path)).toEqual(dependencies);
    const include = ['patches', '**/*.prisma', '!schema/b.prisma'];
    expect(first(path, { include })).toEqual([...dependencies, 'patches/b.patch', 'schema/a.prisma'].toSorted());
    for (const pattern of ['patch', 'schema/b.prisma', 'node_modules']) {
      expect(() => first(path, { include: [pattern] })).toThrow(
        `include names "${pattern}", and no file that is copied`,
      );
    }
  });

  it.each<[string, Files, RegExp]>([
    [
      'a tarball outside',
      { 'package-lock.json': lock({ a: { resolved: 'file:../a.tgz' } }) },
      /"\.\.\/a\.tgz", which is outside .* move it/,
    ],
    [
      'a folder outside',
      { 'package-lock.json': lock({ a: { resolved: '../a', link: true } }) },
      /the folder that holds both/,
    ],
    [
      'an absolute path',
      { 'package-lock.json': lock({ a: { resolved: 'file:/tmp/a.tgz' } }) },
      /outside of that folder/,
    ],
    [
      'a tarball that is not there',
      { 'package-lock.json': lock({ a: { resolved: 'file:a.tgz' } }) },
      /"a\.tgz", which is not copied/,
    ],
    [
      'a tarball that is left out',
      { 'package-lock.json': lock({ a: { resolved: 'file:a.tgz' } }), 'a.tgz': '', '.dockerignore': '*.tgz' },
      /\.dockerignore or the option ignore leaves it out/,
    ],
    ['a lockfile that is none', { 'package-lock.json': '<<<<<<< ours' }, /is no lockfile of npm/],
    ['a lockfile of another shape', { 'package-lock.json': '{"packages":[]}' }, /is no lockfile of npm/],
    ['yarn', { 'yarn.lock': '' }, /found yarn\.lock, which is yarn's\. .*--package-lock-only.*withFlyte/],
    ['pnpm', { 'pnpm-lock.yaml': '' }, /found pnpm-lock\.yaml, which is pnpm's/],
    ['bun', { 'bun.lock': '' }, /found bun\.lock, which is bun's/],
    ['no lockfile', {}, /lockfile of npm, npm-shrinkwrap\.json or package-lock\.json.*run npm install there/],
  ])('says what to do about %s', (name, files, message) => {
    const path = project(name.replaceAll(' ', '-'), { 'package.json': {}, ...files });
    expect(() => imageOf(path).tag).toThrow(message);
  });

  it('installs tarballs, workspaces with their programs, and scripts with their files, as its Dockerfile says', () => {
    const path = project('real', {
      'package.json': {
        name: 'app',
        workspaces: ['packages/*'],
        dependencies: { vendored: 'file:vendored-1.0.0.tgz' },
        scripts: { postinstall: 'node scripts/greet.js' },
      },
      'scripts/greet.js': "require('node:fs').writeFileSync('greeting', require('vendored'))",
      'packages/tool/package.json': { name: 'tool', version: '1.0.0', bin: { 'acme-tool': './dist/tool.js' } },
      'packages/tool/dist/tool.js': "#!/usr/bin/env node\nconsole.log('the tool says', require('vendored'))",
    });
    const vendored = project('vendored', {
      'package.json': { name: 'vendored', version: '1.0.0' },
      'index.js': "module.exports = 'hello'",
    });
    const npm = (...args: string[]): unknown => execFileSync('npm', args, { cwd: path, stdio: 'pipe' });
    npm('pack', vendored);
    npm('install', '--package-lock-only', '--offline', '--ignore-scripts');

    const image = imageOf(path, { include: ['scripts'], extraArgs: '--offline' });
    const context = writeContext(image.plan());
    const target = join(folder, 'in-the-image');
    try {
      for (const instruction of image.dockerfile().split(/\n(?=[A-Z])/)) {
        const copied = /^COPY \["(files\/\d)\/"/.exec(instruction)?.[1];
        if (copied !== undefined) cpSync(join(context.context, copied), target, { recursive: true });
        if (!instruction.startsWith('RUN ')) continue;
        const command = instruction.replace(/^RUN (?:--mount=\S+ \\\n\s*)*/, '').replaceAll('/var/cache/flyte', folder);
        execFileSync('/bin/sh', ['-c', command], { cwd: target, stdio: 'pipe' });
      }
      const run = (program: string, ...args: string[]): string =>
        execFileSync(program, args, { cwd: target, encoding: 'utf8' });
      expect(run('cat', 'greeting')).toBe('hello');
      expect(run(join(target, 'node_modules/.bin/acme-tool'))).toBe('the tool says hello\n');
    } finally {
      context.remove();
    }
  }, 60_000);
});
