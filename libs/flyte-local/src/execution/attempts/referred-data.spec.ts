import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DataFolder, fileUrl } from './data-folder.js';
import { referredData } from './referred-data.js';

const key = { project: 'p', domain: 'd', run: 'r1', name: 'child' };
const other = { ...key, run: 'r2', name: 'a0' };
let root: string;
let data: DataFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flyte-local-data-'));
  data = new DataFolder(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Inputs of the action that name a file of a folder. */
function inputsNaming(folder: string): void {
  const inputs = data.inputsFolder(key);
  mkdirSync(inputs, { recursive: true });
  writeFileSync(join(inputs, 'inputs.pb'), `${fileUrl(folder)}/file`);
}

it('are the raw data of another run that inputs name', () => {
  const { raw } = data.attempt(other, 1);
  mkdirSync(raw, { recursive: true });
  inputsNaming(raw);
  expect(referredData(data, key, [])).toEqual([raw]);
});

it.each([
  ['of the own run', key],
  ['of another run', other],
])('are no links %s, which lead wherever an action likes', (_, owner) => {
  const { raw } = data.attempt(owner, 1);
  mkdirSync(join(raw, '..'), { recursive: true });
  symlinkSync('../../../..', raw);
  inputsNaming(raw);
  expect(referredData(data, key, [])).toEqual([]);
});

it('are read from inputs that are a file where they should be, and no link', () => {
  const theirs = data.inputsFolder(other);
  mkdirSync(theirs, { recursive: true });
  writeFileSync(join(theirs, 'inputs.pb'), 'secret');
  mkdirSync(join(data.inputsFolder(key), '..'), { recursive: true });
  symlinkSync(theirs, data.inputsFolder(key));
  expect(() => data.inputBytes(data.inputsFolder(key))).toThrow(/inputs/);
});
