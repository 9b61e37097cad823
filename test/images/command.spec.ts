import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bin = join(import.meta.dirname, '../../libs/flyte/bin/nestjs-flyte.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(import.meta.dirname, 'command-'));
  writeFileSync(
    join(folder, 'images.mjs'),
    `import { Image } from 'nestjs-flyte';
     export const image = Image.fromBase('busybox').withCommands('true', { secretMounts: 'npm-token' });
     export const environment = { name: 'signing', image };
     export const plain = Image.fromBase('busybox');
     export const other = 7;
     setInterval(() => {}, 1000);`,
  );
  writeFileSync(join(folder, 'broken.mjs'), `throw new Error('this module is broken');`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nestjsFlyte = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [bin, ...args], { cwd: folder, env, timeout: 110_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

describe('nestjs-flyte image', () => {
  it.each(['image', 'environment'])('prints the Dockerfile of an exported %s, and ends', async (name) => {
    const { code, stdout } = await nestjsFlyte(['image', 'dockerfile', `./images.mjs#${name}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^FROM busybox\nRUN --mount=type=secret,id=npm-token/);
  });

  it('prints nothing but the name of an image that needs no build', async () => {
    expect(await nestjsFlyte(['image', 'build', './images.mjs#plain'])).toEqual({
      code: 0,
      stdout: 'busybox\n',
      stderr: '',
    });
  });

  it.each([
    ['./images.mjs', 2, 'is not of the form <module>#<export>'],
    ['./nowhere.mjs#image', 2, 'Give the compiled file, and build it first'],
    ['./images.mjs#imagge', 2, 'has no export "imagge". It exports environment, image, other, plain'],
    ['./images.mjs#other', 2, 'is no Image and has none'],
    ['./broken.mjs#image', 1, 'this module is broken'],
  ])('says what is wrong with %s', async (reference, code, message) => {
    const answer = await nestjsFlyte(['image', 'dockerfile', reference]);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toContain(message);
    expect(answer.stdout).toBe('');
  });

  it('says what to install where there is no builder', async () => {
    const answer = await nestjsFlyte(['image', 'build', './images.mjs#image'], { PATH: folder });
    expect(answer).toMatchObject({ code: 1, stdout: '' });
    expect(answer.stderr).toMatch(
      /^failed_precondition: No image can be built[^]*- docker: not installed\n- buildah: not/,
    );
  });

  it('refuses a builder it does not know', async () => {
    const answer = await nestjsFlyte(['image', 'build', './images.mjs#image', '--builder', 'kaniko']);
    expect(answer.code).not.toBe(0);
    expect(answer.stderr).toContain('Allowed choices are docker, buildah');
  });
});
