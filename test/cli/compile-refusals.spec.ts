import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, module, root, tasksModule, write } from './compile-support.js';

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

  it('what it made itself', async () => {
    expect((await cli.run(['compile', module])).code).toBe(0);
    const { code, stderr } = await cli.run(['compile', './dist/tasks.mjs#TasksModule']);
    expect(stderr).toMatch(/is compiled already/);
    expect(code).toBe(2);
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
