import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { Image } from 'nestjs-flyte';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/image-builds.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code ?? '');
const command = join(root, 'libs/flyte/bin/nestjs-flyte.js');

describe('the guide to image builds', () => {
  // Inside the workspace, so that the snippets find the library by its public name.
  let folder: string;
  let images: Image[];
  beforeAll(async () => {
    folder = mkdtempSync(join(import.meta.dirname, 'guide-'));
    images = await Promise.all(
      blocks('ts').map(async (code, index) => {
        const file = join(folder, `snippet-${index}.mjs`);
        writeFileSync(file, (await transform(code, { loader: 'ts' })).code);
        return ((await import(pathToFileURL(file).href)) as { image: Image }).image;
      }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('declares images in each of its snippets', () => {
    expect(images.length).toBe(7);
    for (const image of images) expect(Image.is(image)).toBe(true);
    for (const image of images) expect(image.dockerfile()).toMatch(/^FROM /);
  });

  it('shows the Dockerfile that the library writes, and that the command prints', async () => {
    const [dockerfile] = blocks('dockerfile');
    const index = images.findIndex((image) => image.dockerfile() === dockerfile);
    expect(index).toBeGreaterThan(-1);
    const { stdout } = await run(process.execPath, [
      command,
      'image',
      'dockerfile',
      `${folder}/snippet-${index}.mjs#image`,
    ]);
    expect(stdout).toBe(dockerfile);
  });

  it('names options that the command has', async () => {
    const { stdout } = await run(process.execPath, [command, 'image', 'build', '--help']);
    for (const [option] of guide.matchAll(/--(?:push|rebuild|builder|registry)\b/g)) expect(stdout).toContain(option);
  });
});
