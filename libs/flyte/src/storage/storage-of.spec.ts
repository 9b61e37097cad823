import { describe, expect, it } from 'vitest';
import { joinUri, storageOf } from './storage-of.js';

describe('the storage of a URI', () => {
  it.each([
    [
      'ftp://host/key',
      'unimplemented',
      /"ftp" is not supported: "ftp:\/\/host\/key". Supported are file:\/\/, s3:\/\//,
    ],
    ['https://me:pass@host/key?X-Amz-Signature=abc', 'unimplemented', /"https:\/\/…@host\/key\?…"/],
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
