import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { Cli } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-compile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const cli = new Cli(root, { FLYTE_PROJECT: 'p', FLYTE_DOMAIN: 'd', FLYTE_ENDPOINT: 'http://127.0.0.1:1' });

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A module of one task, with further lines before the class of its tasks, and in its method. */
function tasksModule(before = '', body = ''): string {
  return `
import { Module } from '@nestjs/common';
import { Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';
${before}
class Texts {
  async say({ text }) {
    ${body}
    return { text };
  }
}
const text = z.object({ text: z.string() });
Task({ inputs: text, outputs: text })(Texts.prototype, 'say', Object.getOwnPropertyDescriptor(Texts.prototype, 'say'));
Tasks(new TaskEnvironment({ name: 'compiled' }))(Texts);
export class TasksModule {}
Module({ providers: [Texts] })(TasksModule);
`;
}

write('package.json', '{ "type": "module", "version": "1.2.3" }');
mkdirSync(join(root, 'node_modules'));
for (const name of ['nestjs-flyte', '@nestjs', 'zod', 'reflect-metadata', 'rxjs'])
  symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
write('dist/tasks.module.js', tasksModule());

const module = './dist/tasks.module.js#TasksModule';

describe('nestjs-flyte compile', () => {
  it('makes a file that is deployed as its module is, and the same bytes each time', async () => {
    expect(await cli.run(['compile', module])).toEqual({
      code: 0,
      stdout: './dist/tasks.mjs#TasksModule\n',
      stderr: '',
    });
    const first = [read('dist/tasks.mjs'), read('dist/tasks.mjs.map')];
    expect(await cli.json(['compile', module])).toEqual({
      module: './dist/tasks.mjs#TasksModule',
      bytes: first[0]?.length,
    });
    expect([read('dist/tasks.mjs'), read('dist/tasks.mjs.map')]).toEqual(first);
    expect(readdirSync(join(root, 'dist')).filter((name) => name.startsWith('.'))).toEqual([]);
    const Deployed = z.object({ tasks: z.array(z.unknown()) });
    const deployed = (one: string): Promise<unknown> =>
      cli.parsed(Deployed, ['deploy', '--dry-run', '--version', 'v1', '--image', 'acme/tasks:1', '--module', one]);
    expect(await deployed('./dist/tasks.mjs#TasksModule')).toEqual(await deployed(module));
  });

  it('takes in no text of a file but its code, no variable, and no .env', async () => {
    write('.env', 'COMPILED_SECRET=of-the-file');
    write('dist/env.js', tasksModule('export const secret = process.env.COMPILED_SECRET; // a comment'));
    const env = { COMPILED_SECRET: 'of-the-environment', NODE_ENV: 'of-the-build' };
    const { code } = await cli.run(['compile', './dist/env.js#TasksModule', '--out', 'out/env.mjs'], env);
    expect(code).toBe(0);
    const made = read('out/env.mjs');
    expect(made).toContain('process.env.COMPILED_SECRET');
    expect(made + read('out/env.mjs.map')).not.toMatch(/of-the-(?:file|environment|build)/);
    expect(JSON.parse(read('out/env.mjs.map'))).not.toHaveProperty('sourcesContent');
  });

  it('maps lines to the sources that the maps of its inputs name', async () => {
    const { outputText, sourceMapText = '' } = ts.transpileModule('enum Word { one }\nexport const one = Word[0];\n', {
      fileName: 'word.ts',
      compilerOptions: { module: ts.ModuleKind.ESNext, sourceMap: true, inlineSources: true, sourceRoot: '../src' },
    });
    write('dist/mapped-word.js', outputText.replace('=word.js.map', '=mapped-word.js.map'));
    write('dist/mapped-word.js.map', sourceMapText);
    write('dist/mapped.js', tasksModule("import { one } from './mapped-word.js'; globalThis.one = one;"));
    const { code } = await cli.run(['compile', './dist/mapped.js#TasksModule', '--out', 'dist/mapped.mjs']);
    expect(code).toBe(0);
    const { sources } = z.object({ sources: z.array(z.string()) }).parse(JSON.parse(read('dist/mapped.mjs.map')));
    expect(sources).toEqual(expect.arrayContaining(['../src/word.ts', 'mapped.js']));
    expect(sources).not.toContain('mapped-word.js');
    expect(read('dist/mapped.mjs.map')).not.toContain('enum Word');
  });

  it('takes in top-level await, dynamic imports and CommonJS, each told where it lies itself', async () => {
    write('dist/beside.txt', 'beside\n');
    write('dist/lazy.js', 'export const lazy = 1;');
    write('node_modules/old-style/package.json', '{ "name": "old-style", "main": "lib/index.js" }');
    write(
      'node_modules/old-style/lib/index.js',
      "#!/usr/bin/env node\n'use strict';\nconst { join } = require('path');\n" +
        "exports.text = require('fs').readFileSync(join(__dirname, '../package.json'), 'utf8') + require('../package.json').name + __filename;",
    );
    write(
      'dist/places.js',
      tasksModule(`
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import old from 'old-style';
const require = createRequire(import.meta.url);
const { lazy } = await import('./lazy.js');
const beside = readFileSync(new URL('./beside.txt', import.meta.url), 'utf8') + require('../package.json').version;
if (lazy !== 1 || beside !== 'beside\\n1.2.3' || !old.text.endsWith('old-style/lib/index.js')) throw new Error(beside + old.text);
if (import.meta.dirname !== undefined && !import.meta.filename.endsWith('dist/places.js')) throw new Error(import.meta.filename);
`),
    );
    const { code, stderr } = await cli.run([
      'compile',
      './dist/places.js#TasksModule',
      '--out',
      'elsewhere/deep/t.mjs',
    ]);
    expect(stderr).toBe(
      'Where the tasks run, files that these look for beside themselves must lie where they do now: dist/places.js, old-style\n',
    );
    expect(code).toBe(0);
  });

  it('takes in what a compiler emitted as CommonJS', async () => {
    write('old/package.json', '{ "type": "commonjs" }');
    const text = tasksModule("if (require('./word').word !== 'word') throw new Error('another word');")
      .replaceAll(/import (?:\* as )?(.*) from ('.*');/g, 'const $1 = require($2);')
      .replace('export class', 'class');
    write('old/tasks.module.js', `'use strict';${text}exports.TasksModule = TasksModule;`);
    write('old/word.js', "exports.word = 'word';");
    write('old/word.ts', "export const word = 'of the source';");
    const args = ['compile', './old/tasks.module.js#TasksModule', '--out', 'old/tasks.mjs'];
    expect(await cli.run(args)).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await cli.run(['compile', './old/tasks.module.js#Gone', '--out', 'old/gone.mjs']);
    expect(stderr).toMatch(/^invalid_argument: The export Gone of \S*\/old\/tasks\.module\.js is no Nest module/);
    expect(code).toBe(2);
  });

  it('leaves native code outside, and says so', async () => {
    const files = { 'package.json': '{ "name": "has-native", "main": "index.js" }', 'build/x.node': 'ELF' };
    for (const [path, text] of Object.entries(files)) write(`node_modules/has-native/${path}`, text);
    write('node_modules/has-native/index.js', "exports.native = 'outside';");
    write(
      'node_modules/builds-native/package.json',
      '{ "name": "builds-native", "dependencies": { "bindings": "1" } }',
    );
    write('node_modules/builds-native/index.js', "exports.native = 'built';");
    write(
      'dist/native.js',
      tasksModule(
        "import { native } from 'has-native'; import { native as built } from 'builds-native'; globalThis.n = [native, built];",
      ),
    );
    const { code, stderr } = await cli.run(['compile', './dist/native.js#TasksModule', '--out', 'dist/native.mjs']);
    expect(stderr.split('\n').toSorted()).toEqual([
      '',
      'builds-native has native code and is left outside: where the tasks run, it must be installed.',
      'has-native has native code and is left outside: where the tasks run, it must be installed.',
    ]);
    expect(code).toBe(0);
    expect(read('dist/native.mjs')).toMatch(/from ?"has-native"/);
    expect(read('dist/native.mjs')).not.toMatch(/"outside"/);
  });

  it('leaves outside what it is told to', async () => {
    write('node_modules/@acme/named/package.json', '{ "name": "@acme/named" }');
    write('node_modules/@acme/named/sub.js', "exports.named = 'of the package';");
    write('dist/named.js', tasksModule("import named from '@acme/named/sub.js'; globalThis.n = named;"));
    const args = ['compile', './dist/named.js#TasksModule', '--out', 'dist/named.mjs'];
    expect(await cli.run([...args, '--external', '@acme/named'])).toMatchObject({ code: 0 });
    expect(read('dist/named.mjs')).not.toContain('of the package');
    const { code, stderr } = await cli.run([...args, '--external', 'nestjs-flyte']);
    expect([code, stderr]).toEqual([2, expect.stringContaining("nestjs-flyte itself can't be left outside") as string]);
  });

  it('names what asks for a module that nobody knows before', async () => {
    write('dist/dynamic.js', tasksModule('export const load = (name) => import(name);'));
    const { code, stderr } = await cli.run(['compile', './dist/dynamic.js#TasksModule', '--out', 'dist/dynamic.mjs']);
    expect(stderr).toMatch(/^dist\/dynamic\.js:5:\d+: .*"import".*not a string literal\n$/);
    expect(code).toBe(0);
  });

  it('holds one copy of the library, or refuses', async () => {
    const made = read('dist/tasks.mjs');
    expect(made.split('("TaskEnvironment")')).toHaveLength(2);
    const nested = 'node_modules/on-top/node_modules/nestjs-flyte';
    write('node_modules/on-top/package.json', '{ "name": "on-top", "type": "module", "main": "index.js" }');
    write('node_modules/on-top/index.js', "export { Task } from 'nestjs-flyte';");
    write(`${nested}/package.json`, '{ "name": "nestjs-flyte", "main": "index.js" }');
    write(`${nested}/index.js`, 'exports.Task = 1;');
    write('dist/two.js', tasksModule("import { Task as other } from 'on-top'; globalThis.o = other;"));
    const { code, stderr } = await cli.run(['compile', './dist/two.js#TasksModule', '--out', 'dist/two.mjs']);
    expect(stderr).toMatch(/on-top\/index\.js:1:\d+: this is another copy of nestjs-flyte.*npm ls nestjs-flyte/);
    expect(code).toBe(2);
  });
});

describe('nestjs-flyte compile refuses', () => {
  write('dist/other.js', 'export const other = 1; export class Empty {}');
  write('dist/broken.js', tasksModule("import './syntax.js';"));
  write('dist/syntax.js', 'const a = ;');
  write('dist/lacks.js', tasksModule("import 'is-not-installed';"));
  write('dist/throws.js', tasksModule("throw new Error('no settings');"));
  write('dist/sources.js', tasksModule("import './word.ts';"));
  write('dist/word.ts', 'export const word: string = "";');
  write('a-file', '');

  it.each([
    ['./dist/gone.js#TasksModule', [], 2, /There is no file .*gone\.js\. Build the app first/],
    ['./dist/tasks.module.js', [], 2, /give file and export/],
    ['./dist/tasks.module.js#Gone', [], 2, /No matching export .*"Gone"/],
    ['./dist/other.js#other', [], 2, /is no Nest module/],
    ['./dist/other.js#Empty', [], 1, /has no task/],
    ['./dist/broken.js#TasksModule', [], 2, /^invalid_argument: .*\ndist\/syntax\.js:1:11: Unexpected ";"/],
    ['./dist/lacks.js#TasksModule', [], 2, /dist\/lacks\.js:\d+:\d+: Could not resolve "is-not-installed"/],
    ['./dist/throws.js#TasksModule', [], 1, /no settings/],
    ['./dist/sources.js#TasksModule', [], 2, /this is TypeScript: compile it with your own compiler first/],
    ['./dist/word.ts#TasksModule', [], 2, /this is TypeScript/],
    ['./dist/tasks.mjs#TasksModule', [], 2, /is compiled already/],
    [
      './dist/tasks.module.js#TasksModule',
      ['--out', 'a-file/tasks.mjs'],
      2,
      /a-file\/tasks\.mjs can't be written \((?:EEXIST|ENOTDIR)\)/,
    ],
    ['./dist/tasks.module.js#TasksModule', ['--out', 'dist/tasks.js'], 2, /does not end in \.mjs/],
  ])('%s %j', async (one, args, code, message) => {
    const out = args.length > 0 ? args : ['--out', 'refused/tasks.mjs'];
    const ended = await cli.run(['compile', one, ...out]);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(existsSync(join(root, 'refused')) ? readdirSync(join(root, 'refused')) : []).toEqual([]);
  });

  it('nothing that it was told not to look at', async () => {
    const args = ['compile', './dist/throws.js#TasksModule', '--no-check', '--out', 'unseen/tasks.mjs'];
    expect(await cli.run(args)).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(root, 'unseen/tasks.mjs'))).toBe(true);
  });

  it('to go on without its bundler, and says what to install', async () => {
    const hooks = `export const resolve = (name, context, next) => {
      if (name === 'esbuild') throw Object.assign(new Error('not here'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    };`;
    const url = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
    const register = url(`import { register } from 'node:module'; register(${JSON.stringify(url(hooks))});`);
    const { code, stderr } = await cli.run(['compile', module], { NODE_OPTIONS: `--import ${register}` });
    expect(stderr).toContain(
      "failed_precondition: Tasks are compiled by esbuild, which can't be loaded (ERR_MODULE_NOT_FOUND)",
    );
    expect(stderr).toContain('npm install --save-dev esbuild');
    expect(code).toBe(1);
  });
});
