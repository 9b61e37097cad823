import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { StoredFile } from './storage.js';
import { fileStorage } from './file-storage.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
async function listed(files: AsyncIterable<StoredFile>): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for await (const file of files) found.push(file);
  return found;
}
const bytes = new Uint8Array([0, 255, 10]);

describe('file storage', () => {
  it.each([
    ['a path', (path: string) => path],
    ['a file:// URI', (path: string) => pathToFileURL(path).href],
    ['a URI in capitals', (path: string) => pathToFileURL(path).href.replace('file', 'FILE')],
  ])('keeps bytes under %s, and nothing else', async (name, uriOf) => {
    const path = join(folder, `${name.replaceAll('/', ' ')} 100% é`, 'deep', 'x.pb');
    const uri = uriOf(path);
    await fileStorage.write(uri, new Uint8Array([1]));
    await fileStorage.write(uri, bytes);
    expect(Uint8Array.from(readFileSync(path))).toEqual(bytes);
    expect(readdirSync(join(path, '..'))).toEqual(['x.pb']);
    await expect(fileStorage.read(uri, 3)).resolves.toEqual(bytes);
    await expect(fileStorage.read(uri, 2)).rejects.toMatchObject({ code: 'out_of_range' });
  });

  it('does not write through a link, but in its place', async () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')];
    writeFileSync(target, 'kept');
    symlinkSync(target, link);
    await fileStorage.write(link, bytes);
    expect(readFileSync(target, 'utf8')).toBe('kept');
  });

  it.each([
    ['what is not there', join(folder, 'gone'), 'not_found'],
    ['a folder', folder, 'invalid_argument'],
    ['a NUL character', '/a\0b', 'invalid_argument'],
    ['an escaped NUL character', 'file:///a%00b', 'invalid_argument'],
    ['another machine', 'file://elsewhere/x', 'invalid_argument'],
    ['an escaped slash', 'file:///a%2Fb', 'invalid_argument'],
    ['an endless source', '/dev/zero', 'invalid_argument'],
  ])('reads no %s', async (_, uri, code) => {
    await expect(fileStorage.read(uri, 10)).rejects.toMatchObject({ name: 'FlyteError', code });
  });

  it('fails to write where a file is in the way, and leaves nothing behind', async () => {
    mkdirSync(join(folder, 'w'));
    writeFileSync(join(folder, 'w/file'), '');
    const uri = join(folder, 'w/file/x.pb');
    await expect(fileStorage.write(uri, bytes)).rejects.toMatchObject({ name: 'FlyteError', code: 'unavailable' });
    mkdirSync(join(folder, 'w/x.pb/taken'), { recursive: true });
    const taken = join(folder, 'w/x.pb');
    await expect(fileStorage.write(taken, bytes)).rejects.toMatchObject({ code: 'unavailable' });
    expect(readdirSync(join(folder, 'w')).toSorted()).toEqual(['file', 'x.pb']);
  });

  it('saves what a source gives, and streams it', async () => {
    const uri = join(folder, 'stream/x');
    await fileStorage.save(uri, Readable.from([Buffer.from('ab'), new Uint8Array([99])]));
    const stream = await fileStorage.open(uri);
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('abc');
    expect(readdirSync(join(folder, 'stream'))).toEqual(['x']);
  });

  it('keeps nothing of a source that fails, and throws its error', async () => {
    const uri = join(folder, 'failing/x');
    await fileStorage.write(uri, bytes);
    const problem = new Error('of the source');
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([1]);
      throw problem;
    }
    await expect(fileStorage.save(uri, source())).rejects.toBe(problem);
    await expect(fileStorage.save(uri, Readable.from(['text']))).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(fileStorage.read(uri, 3)).resolves.toEqual(bytes);
    expect(readdirSync(join(folder, 'failing'))).toEqual(['x']);
  });

  it('ends a save whose source gives no more when the signal fires, and keeps nothing', async () => {
    const uri = join(folder, 'canceled/x');
    const stop = new AbortController();
    let returned = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield new Uint8Array([1]);
        stop.abort(new Error('enough'));
        await new Promise(() => undefined);
      } finally {
        returned = true;
      }
    }
    await expect(fileStorage.save(uri, source(), stop.signal)).rejects.toMatchObject({ code: 'canceled' });
    expect(returned).toBe(false);
    await expect(fileStorage.save(uri, Readable.from([]), AbortSignal.abort())).rejects.toMatchObject({
      code: 'canceled',
    });
    await expect(fileStorage.open(uri, AbortSignal.abort())).rejects.toMatchObject({ code: 'canceled' });
    expect(readdirSync(join(folder, 'canceled'))).toEqual([]);
  });

  it('fails a stream when the signal fires', async () => {
    const uri = join(folder, 'large');
    await fileStorage.write(uri, new Uint8Array(4 * 1024 * 1024));
    const stop = new AbortController();
    const stream = await fileStorage.open(uri, stop.signal);
    stream.once('data', () => stop.abort());
    await expect(stream.toArray()).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
  });

  // An error that nobody hears fails the whole run.
  it('lets a stream that nobody reads end by its signal', async () => {
    const uri = join(folder, 'unread');
    await fileStorage.write(uri, new Uint8Array(4 * 1024 * 1024));
    const stop = new AbortController();
    const stream = await fileStorage.open(uri, stop.signal);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stop.abort();
    await closed;
    await expect(stream.toArray()).rejects.toMatchObject({ name: 'FlyteError', code: 'canceled' });
  });

  it('lists files with their sizes, however deep, and none of a folder that is not there', async () => {
    const inside = join(folder, 'listed');
    await fileStorage.write(join(inside, 'a b'), bytes);
    await fileStorage.write(join(inside, 'deep/er/ü'), new Uint8Array());
    const found = await listed(fileStorage.list(inside));
    expect(found.toSorted((a, b) => a.uri.localeCompare(b.uri))).toEqual([
      { uri: join(inside, 'a b'), size: 3 },
      { uri: join(inside, 'deep/er/ü'), size: 0 },
    ]);
    const { href } = pathToFileURL(join(inside, 'deep'));
    const [first] = await listed(fileStorage.list(href));
    expect(first).toEqual({ uri: pathToFileURL(join(inside, 'deep/er/ü')).href, size: 0 });
    await expect(listed(fileStorage.list(join(folder, 'gone')))).resolves.toEqual([]);
  });

  it.each(['files', 'folders'])('lists what stays where %s go meanwhile', async (kind) => {
    const inside = join(folder, `going ${kind}`);
    for (const name of ['1', '2', '3', '4']) {
      await fileStorage.write(join(inside, kind === 'files' ? name : `${name}/file`), bytes);
    }
    const order = readdirSync(inside);
    const names: string[] = [];
    for await (const { uri } of fileStorage.list(inside)) {
      names.push(relative(inside, uri).charAt(0));
      rmSync(join(inside, order[1] ?? ''), { recursive: true, force: true });
    }
    expect(names).toEqual([order[0], order[2], order[3]]);
  });

  it.each(['a file', 'below a file'])('lists no folder that is %s', async (what) => {
    const file = join(folder, 'no folder');
    writeFileSync(file, '');
    const list = listed(fileStorage.list(what === 'a file' ? file : join(file, 'x')));
    await expect(list).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
