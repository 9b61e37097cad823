import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unpackCode } from '../runtime/code-bundle.js';
import { packCode } from './code-bundle.js';

const MODULE = './dist/tasks.js#Tasks';

let place: string;
let root: string;
let temporary: string;
const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'code-bundle-'));
  [root, temporary] = [join(place, 'app'), join(place, 'tmp')];
  for (const folder of [temporary, join(root, 'dist/lib'), join(root, 'node_modules/pack')]) {
    mkdirSync(folder, { recursive: true });
  }
  write('package.json', '{ "type": "module" }');
  write(
    'dist/tasks.js',
    "import { word } from 'pack';\nimport { own } from './lib/own.js';\nexport const Tasks = own + word;\n",
  );
  write('dist/lib/own.js', "export const own = 'own ';\n");
  write('dist/.env', 'hush');
  write('dist/@odd name.js', '');
  write('node_modules/pack/package.json', '{ "type": "module", "exports": "./index.js" }');
  write('node_modules/pack/index.js', "export const word = 'word';\n");
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true });
});

/** An archive in a file, as its URI. */
function stored(bytes: Uint8Array): string {
  const path = join(place, 'code.tgz');
  writeFileSync(path, bytes);
  return pathToFileURL(path).href;
}

describe('a code bundle', () => {
  it('is the same for the same code, whenever and wherever it was written', async () => {
    const first = await packCode(MODULE, true);
    expect(first.files).toBe(4);
    chmodSync(join(root, 'dist/tasks.js'), 0o600);
    utimesSync(join(root, 'dist/tasks.js'), 1, 1);
    expect(await packCode(MODULE, ['dist/lib', 'dist'])).toEqual(first);
    write('dist/lib/own.js', "export const own = 'new ';\n");
    expect((await packCode(MODULE, true)).sha256).not.toBe(first.sha256);
  });

  it('leaves out what the .dockerignore of its folder names, and not what that of another one does', async () => {
    write('.dockerignore', 'dist/tasks.js');
    write('dist/.dockerignore', 'lib\n!.env');
    write('dist/.envrc', 'hush');
    // tasks.js, .dockerignore, "@odd name.js" and package.json.
    expect((await packCode(MODULE, true)).files).toBe(4);
    await expect(packCode(MODULE, ['.'])).rejects.toThrow(/would not hold dist\/tasks\.js/);
  });

  it('leaves out the state of a local control plane, and refuses a file of it', async () => {
    const { files } = await packCode(MODULE, ['.']);
    for (const state of ['.flyte-local', 'dist/plane']) {
      mkdirSync(join(root, state));
      for (const name of ['signing-key.json', 'control-plane.db', 'secret-key']) write(`${state}/${name}`, 'hush');
    }
    expect((await packCode(MODULE, ['.'])).files).toBe(files);
    await expect(packCode(MODULE, ['dist', 'dist/plane/secret-key'])).rejects.toThrow(/never leaves this machine/);
    await expect(packCode(MODULE, ['dist', '.flyte-local/secret-key'])).rejects.toThrow(/never leaves this machine/);
  });

  it('is unpacked beside the packages of the image, and leaves nothing', async () => {
    const { bytes } = await packCode(MODULE, true);
    const image = join(place, 'image');
    mkdirSync(image);
    symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'));
    const code = await unpackCode(stored(bytes), image);
    expect(readdirSync(join(code.root, 'dist')).toSorted()).toEqual(['@odd name.js', 'lib', 'tasks.js']);
    expect(readFileSync(join(code.root, 'package.json'), 'utf8')).toContain('module');
    const loaded: unknown = await import(pathToFileURL(join(code.root, 'dist/tasks.js')).href);
    expect(loaded).toMatchObject({ Tasks: 'own word' });
    await code.remove();
    expect(readdirSync(temporary)).toEqual([]);
    // What the link led to stays.
    expect(existsSync(join(root, 'node_modules/pack/index.js'))).toBe(true);
  });

  it.each<[says: RegExp, paths: true | string[], prepare: () => void]>([
    [/"dist\/link": it is a link/, true, () => symlinkSync('/etc/passwd', join(root, 'dist/link'))],
    [/"linked": it is a link, or below one/, ['dist', 'linked'], () => symlinkSync(place, join(root, 'linked'))],
    [/"linked\/.env": it is a link, or/, ['dist', 'linked/.env'], () => symlinkSync('dist', join(root, 'linked'))],
    [/lies outside of/, ['dist', '../secret'], () => undefined],
    [/would not hold dist\/tasks\.js/, ['dist/lib'], () => undefined],
    [/There is no .*gone/, ['dist', 'gone'], () => undefined],
    [/"dist\/\.env": it never leaves this machine/, ['dist', 'dist/.env'], () => undefined],
    [/"\.envs\/prod": it never/, ['dist', '.envs'], () => (mkdirSync(join(root, '.envs')), write('.envs/prod', ''))],
    [/node_modules.*comes with the image|these come with the image/, ['dist', 'node_modules/pack'], () => undefined],
  ])('is not packed: %s', async (says, paths, prepare) => {
    prepare();
    await expect(packCode(MODULE, paths)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(says),
    });
  });

  const entry = (data: HeaderData, content = ''): Buffer => {
    const header = Buffer.alloc(512);
    new Header({ mode: 0o644, size: content.length, mtime: new Date(0), type: 'File', ...data }).encode(header);
    return Buffer.concat([header, Buffer.from(content.padEnd(Math.ceil(content.length / 512) * 512, '\0'))]);
  };
  const archive = (...entries: Buffer[]): Buffer => gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
  const fine = entry({ path: 'dist/tasks.js' }, 'export const Tasks = 1;');

  it.each<[what: string, bytes: () => Buffer, says: RegExp]>([
    ['leads upwards', () => archive(fine, entry({ path: '../evil' }, 'x')), /evil.*no path below a folder/],
    ['is absolute', () => archive(fine, entry({ path: join(place, 'evil') }, 'x')), /evil.*no path below a folder/],
    ['hides a way up', () => archive(fine, entry({ path: 'dist/../../evil' }, 'x')), /evil.*no path below a folder/],
    ['is a link', () => archive(entry({ path: 'dist', type: 'SymbolicLink', linkpath: place })), /a SymbolicLink/],
    ['is a hard link', () => archive(entry({ path: 'a', type: 'Link', linkpath: '../app/package.json' })), /a Link/],
    ['is a device', () => archive(entry({ path: 'a', type: 'CharacterDevice' })), /a CharacterDevice/],
    ['is a package', () => archive(entry({ path: 'node_modules/pack/index.js' }, 'x')), /these come with the image/],
    ['is too large', () => archive(entry({ path: 'a', size: 300 * 1024 * 1024 })), /more than 268435456 bytes/],
    ['is too large when decompressed', () => gzipSync(Buffer.alloc(470 * 1024 * 1024)), /more than 268435456 bytes/],
    ['is cut off', () => archive(fine).subarray(0, 60), /cannot be unpacked/],
    ['is no archive', () => gzipSync('nothing of the kind'), /cannot be unpacked/],
    ['is not compressed', () => fine, /cannot be unpacked/],
  ])('that %s is refused, and leaves nothing', async (_what, bytes, says) => {
    const failure: unknown = await unpackCode(stored(bytes()), root).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: expect.stringMatching(says),
      failure: { code: 'CodeBundleUnreadable', origin: 'user', recoverable: false },
    });
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(place).toSorted()).toEqual(['app', 'code.tgz', 'tmp']);
  });

  it('that is not there may be there later', async () => {
    const failure: unknown = await unpackCode(pathToFileURL(join(place, 'gone')).href, root).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ failure: { code: 'CodeBundleUnreadable', recoverable: true } });
    expect(readdirSync(temporary)).toEqual([]);
  });
});
