import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IMAGES_FILE, readBuiltImages, writeBuiltImages } from './built-images.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-built-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const images = new Map([
  ['b', { image: 'registry.local/app:1' }],
  ['a', { image: 'registry.local/app:2', digest: `sha256:${'0'.repeat(64)}` }],
]);

it('what was built is read as it was written, and nothing where there was no build', () => {
  expect(readBuiltImages(root)).toEqual(new Map());
  writeBuiltImages(root, images);
  expect(readBuiltImages(root)).toEqual(images);
  expect(readdirSync(root)).toEqual([IMAGES_FILE]);
});

it('what was built and cannot be written down says so, and leaves nothing', () => {
  mkdirSync(join(root, IMAGES_FILE));
  expect(() => writeBuiltImages(root, images)).toThrow(
    expect.objectContaining({
      code: 'failed_precondition',
      message: expect.stringMatching(/flyte\.images\.json can't/),
    }),
  );
  expect(readdirSync(root)).toEqual([IMAGES_FILE]);
});
