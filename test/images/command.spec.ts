import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const bin = join(import.meta.dirname, '../../libs/flyte/bin/nestjs-flyte.js');

/** Stands for buildah: takes its time to build, and some to clean up when it is told to end. */
const SLOW_BUILDER = `#!/bin/sh
case "$1" in
  --version) echo 'buildah version 1.28.2' ;;
  build)
    sleep 600 & running=$!
    trap 'echo cleaning up; kill $running; sleep 0.5; touch "$TMPDIR/cleaned-up"; exit 1' TERM
    echo "builder $$ runs $running"
    wait ;;
  *) exit 1 ;;
esac
`;

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

  /** Starts a build, and waits until its builder is at work. */
  async function building(script: string) {
    const place = mkdtempSync(join(folder, 'canceled-'));
    const builder = join(place, 'buildah');
    writeFileSync(builder, script);
    chmodSync(builder, 0o755);
    const args = [bin, 'image', 'build', './images.mjs#image', '--builder', 'buildah'];
    const env = { ...process.env, PATH: `${place}:${process.env.PATH}`, TMPDIR: place, NPM_TOKEN: 'a-token-for-tests' };
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = new Promise((resolve) => child.once('exit', (...how) => resolve(how)));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const hear = (words: RegExp): Promise<string[]> =>
      vi.waitFor(() => words.exec(said) ?? Promise.reject(new Error(said)), { timeout: 60_000 });
    const [, ...pids] = await hear(/builder (\d+) runs (\d+)/);
    expect(readdirSync(place).filter((name) => name.startsWith('nestjs-flyte-image-'))).toHaveLength(1);
    const leavesNothing = async (code: number): Promise<string> => {
      expect(await exit).toEqual([code, null]);
      for (const pid of pids) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
      expect(readdirSync(place).toSorted()).toEqual(['buildah', 'cleaned-up']);
      return said;
    };
    return { child, hear, leavesNothing };
  }

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('ends the builder and what it runs on %s, and leaves nothing', async (signal, code) => {
    const { child, hear, leavesNothing } = await building(SLOW_BUILDER);
    child.kill(signal);
    // Who is impatient presses Ctrl-C again. The builder is to be waited for all the same.
    await hear(/cleaning up/);
    child.kill(signal);
    const said = await leavesNothing(code);
    expect(said).toMatch(/\ncanceled: The build of flyte:[0-9a-f]+ was canceled\.\n$/);
    expect(said).not.toContain('a-token-for-tests');
  });

  it('ends the builder and what it runs where nobody reads any more, and leaves nothing', async () => {
    const { child, leavesNothing } = await building(
      SLOW_BUILDER.replace('wait', 'while echo more; do sleep 0.1; done'),
    );
    child.stdout.destroy();
    child.stderr.destroy();
    expect(await leavesNothing(141)).not.toContain('canceled');
  });

  it('refuses a builder it does not know', async () => {
    const answer = await nestjsFlyte(['image', 'build', './images.mjs#image', '--builder', 'kaniko']);
    expect(answer.code).not.toBe(0);
    expect(answer.stderr).toContain('Allowed choices are docker, buildah');
  });
});
