import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { joinUri, storageOf } from './storage-of.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bytes = new Uint8Array([0, 255, 10]);

describe('storage', () => {
  it.each([
    ['a path', (path: string) => path],
    ['a file:// URI', (path: string) => pathToFileURL(path).href],
    ['a URI in capitals', (path: string) => pathToFileURL(path).href.replace('file', 'FILE')],
  ])('keeps bytes under %s, and nothing else', async (name, uriOf) => {
    const path = join(folder, `${name.replaceAll('/', ' ')} 100% é`, 'deep', 'x.pb');
    const uri = uriOf(path);
    await storageOf(uri).write(uri, new Uint8Array([1]));
    await storageOf(uri).write(uri, bytes);
    expect(Uint8Array.from(readFileSync(path))).toEqual(bytes);
    expect(readdirSync(join(path, '..'))).toEqual(['x.pb']);
    await expect(storageOf(uri).read(uri, 3)).resolves.toEqual(bytes);
    await expect(storageOf(uri).read(uri, 2)).rejects.toMatchObject({ code: 'out_of_range' });
  });

  it('does not write through a link, but in its place', async () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')];
    writeFileSync(target, 'kept');
    symlinkSync(target, link);
    await storageOf(link).write(link, bytes);
    expect(readFileSync(target, 'utf8')).toBe('kept');
  });

  it.each([
    ['what is not there', join(folder, 'gone'), 'not_found'],
    ['a folder', folder, 'invalid_argument'],
    ['a NUL character', '/a\0b', 'invalid_argument'],
    ['another machine', 'file://elsewhere/x', 'invalid_argument'],
    ['an escaped slash', 'file:///a%2Fb', 'invalid_argument'],
    ['an endless source', '/dev/zero', 'invalid_argument'],
  ])('reads no %s', async (_, uri, code) => {
    await expect(storageOf(uri).read(uri, 10)).rejects.toMatchObject({ name: 'FlyteError', code });
  });

  it('fails to write where a file is in the way, and leaves nothing behind', async () => {
    mkdirSync(join(folder, 'w'));
    writeFileSync(join(folder, 'w/file'), '');
    const uri = join(folder, 'w/file/x.pb');
    await expect(storageOf(uri).write(uri, bytes)).rejects.toMatchObject({ name: 'FlyteError' });
    mkdirSync(join(folder, 'w/x.pb/taken'), { recursive: true });
    const taken = join(folder, 'w/x.pb');
    await expect(storageOf(taken).write(taken, bytes)).rejects.toMatchObject({ code: 'unavailable' });
    expect(readdirSync(join(folder, 'w')).toSorted()).toEqual(['file', 'x.pb']);
  });

  it.each([
    ['s3://bucket/key', 'unimplemented', /"s3" is not supported/],
    ['https://host/key', 'unimplemented', /"https"/],
    ['relative/path', 'invalid_argument', /neither a URI nor an absolute path/],
    ['', 'invalid_argument', /neither/],
    ['{{.input}}', 'invalid_argument', /a template that nothing filled in/],
  ])('is refused for %j', (uri, code, message) => {
    expect(() => storageOf(uri)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('joins folders and names', () => {
    expect([joinUri('s3://b/x', 'y'), joinUri('s3://b/x/', 'y')]).toEqual(['s3://b/x/y', 's3://b/x/y']);
  });
});
