import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { createMemoryFiles } from '../testing/memory-files.js';
import { saveTo } from './move-bytes.js';
import { createStorageFiles } from './storage-files.js';

const root = mkdtempSync(join(tmpdir(), 'storage-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let places: { readonly rawDataPath: string; readonly outputsPath: string; readonly signal: AbortSignal };
beforeEach(() => {
  folder = mkdtempSync(join(root, 'action-'));
  const [rawDataPath, outputsPath] = [join(folder, 'raw'), join(folder, 'outputs')].map(
    (one) => pathToFileURL(one).href,
  );
  places = { rawDataPath: rawDataPath ?? '', outputsPath: outputsPath ?? '', signal: new AbortController().signal };
});
const stored = (): string[] =>
  readdirSync(join(folder, 'raw'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe.each([
  ['an action', () => createStorageFiles(() => places)],
  ['a test', () => createMemoryFiles()],
])('the files of %s', (_, create) => {
  it('take a path', async () => {
    writeFileSync(join(folder, 'a.txt'), 'a text');
    const files = create();
    const file = await files.upload(join(folder, 'a.txt'), { maxBytes: 6 });
    expect([file.name, await files.text(file)]).toEqual(['a.txt', 'a text']);
    await expect(files.upload(join(folder, 'a.txt'), { maxBytes: 5 })).rejects.toMatchObject({ code: 'out_of_range' });
  });

  it.each([
    ['nothing is there', 'gone', 'not_found'],
    ['a file is above', 'file/below', 'not_found'],
    ['there is a folder', '.', 'invalid_argument'],
    ['there is a pipe that nobody writes into', 'pipe', 'invalid_argument'],
    ['there is a socket', 'socket', 'invalid_argument'],
    ['there can be nothing', 'a\0b', 'invalid_argument'],
  ])('refuse a path where %s', async (_where, name, code) => {
    writeFileSync(join(folder, 'file'), '');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const server = createServer().listen(join(folder, 'socket'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await expect(create().upload(join(folder, name))).rejects.toMatchObject({ name: 'FlyteError', code });
  });

  // An error that nobody hears fails the whole run.
  it('fail as a stream does that fails before it is read', async () => {
    const source = new PassThrough();
    const upload = create().upload(source);
    source.destroy(new Error('of the stream'));
    await expect(upload).rejects.toThrow('of the stream');
  });

  it('refuse a stream that was read to its end, and take what is left of one, also where it is empty', async () => {
    const files = create();
    const read = Readable.from(['a', 'b']);
    await text(read);
    await expect(files.upload(read)).rejects.toMatchObject({ name: 'FlyteError', code: 'misuse' });
    const web = new Blob(['ab']).stream();
    await text(web);
    await expect(files.upload(web)).rejects.toThrow(/read already.*application\/octet-stream/);
    const begun = new PassThrough().end('ab');
    await once(begun, 'readable');
    begun.read(1);
    expect(await files.text(await files.upload(begun))).toBe('b');
    expect(await files.text(await files.upload(new PassThrough().end()))).toBe('');
  });

  it('refuse a stream of what is neither bytes nor text', async () => {
    async function* numbers(): AsyncGenerator<never> {
      yield 7 as never;
    }
    await expect(create().upload(numbers())).rejects.toMatchObject({ name: 'FlyteError', code: 'invalid_argument' });
  });
});

describe('the files of an action', () => {
  it('say which one of a folder has gone before it is stored', async () => {
    const from = join(folder, 'from');
    mkdirSync(from);
    writeFileSync(join(from, 'gone.txt'), 'gone');
    const { signal } = places;
    const files = createStorageFiles(() => ({
      ...places,
      // It is asked for when the folder has been read.
      get signal() {
        rmSync(join(from, 'gone.txt'));
        return signal;
      },
    }));
    const upload = files.uploadDir(from);
    await expect(upload).rejects.toMatchObject({ code: 'not_found' });
    await expect(upload).rejects.toThrow(/from\/gone\.txt can't be read: there is none/);
    expect(stored()).toEqual([]);
  });
});

describe('a stream that is saved', () => {
  it('may fail before it is read, and keeps nothing', async () => {
    const content = new PassThrough();
    const path = join(folder, 'deep/saved');
    const saved = saveTo(path, content);
    content.destroy(new FlyteError('canceled', 'the action ends'));
    await expect(saved).rejects.toMatchObject({ code: 'canceled' });
    expect(readdirSync(join(folder, 'deep'))).toEqual([]);
  });

  it('is closed where there is no place for it', async () => {
    writeFileSync(join(folder, 'file'), '');
    const content = new PassThrough();
    await expect(saveTo(join(folder, 'file/below'), content)).rejects.toMatchObject({ code: 'unavailable' });
    expect(content.destroyed).toBe(true);
  });

  it('goes to a path with any letters', async () => {
    const path = join(folder, 'a#b %20?c');
    await saveTo(path, new PassThrough().end('text'));
    expect(readFileSync(path, 'utf8')).toBe('text');
  });
});
