import { describe, expect, it } from 'vitest';
import { joinUri, storageOf } from './storage-of.js';

describe('the storage of a URI', () => {
  it.each([
    ['s3://bucket/key', 'unimplemented', /"s3" is not supported/],
    ['https://host/key', 'unimplemented', /"https"/],
    ['relative/path', 'invalid_argument', /neither a URI nor an absolute path/],
    ['', 'invalid_argument', /neither/],
    ['{{.input}}', 'invalid_argument', /a template that nothing filled in/],
  ])('is refused for %j', async (uri, code, message) => {
    await expect(storageOf(uri)).rejects.toThrow(message);
    await expect(storageOf(uri)).rejects.toMatchObject({ code });
  });

  it('joins folders and names', () => {
    expect([joinUri('s3://b/x', 'y'), joinUri('s3://b/x/', 'y')]).toEqual(['s3://b/x/y', 's3://b/x/y']);
  });
});
