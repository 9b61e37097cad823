import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { cli, module, read, root, tasksModule, write } from './compile-support.js';

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
