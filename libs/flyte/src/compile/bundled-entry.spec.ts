import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { libraryOf } from './bundled-entry.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'nestjs-flyte-entry-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('finds the library that the tasks import, and says where there is none, or one of before', () => {
  const file = join(root, 'dist/tasks.module.js');
  mkdirSync(join(root, 'dist'));
  expect(() => libraryOf(file)).toThrow(/There is no nestjs-flyte where the tasks would import it from/);
  const folder = join(root, 'node_modules/nestjs-flyte');
  mkdirSync(join(folder, 'dist/runtime'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "nestjs-flyte" }');
  expect(() => libraryOf(file)).toThrow(`a nestjs-flyte that can't be compiled, in ${folder}`);
  writeFileSync(join(folder, 'dist/runtime/compiled-tasks.js'), '');
  expect(libraryOf(file)).toBe(folder);
});
