import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { FileService, FlyteClient, FlyteFile } from 'nestjs-flyte';
import { FlyteTestingModule } from 'nestjs-flyte/testing';
import { describe, expect, it } from 'vitest';

describe('the files of FlyteTestingModule', () => {
  it('are those that are given and those that are uploaded', async () => {
    const module = await Test.createTestingModule({
      imports: [FlyteTestingModule.forRoot({ files: { 's3://b/given.txt': 'given' } })],
    }).compile();
    const files = module.get(FileService);
    expect(module.get(FlyteClient).with({ project: 'other' }).files).toBe(files);
    expect(await files.text(new FlyteFile({ uri: 's3://b/given.txt' }))).toBe('given');
    await expect(files.open(new FlyteFile({ uri: 's3://b/other' }))).rejects.toMatchObject({ code: 'not_found' });

    async function* stream(): AsyncGenerator<string> {
      yield 'up';
      yield 'loaded';
    }
    const uploaded = await files.upload(stream(), { name: 'a b.txt', format: 'txt' });
    expect([uploaded.name, uploaded.format]).toEqual(['a_b.txt', 'txt']);
    await expect(files.upload(stream(), { maxBytes: 7 })).rejects.toMatchObject({ code: 'out_of_range' });
    await expect(files.text(uploaded, { maxBytes: 7 })).rejects.toMatchObject({ code: 'out_of_range' });
    const bytes = await files.upload(Uint8Array.of(0xff));
    await expect(files.text(bytes)).rejects.toMatchObject({ code: 'invalid_argument' });

    const folder = mkdtempSync(join(tmpdir(), 'files-of-test-'));
    try {
      await files.download(uploaded, join(folder, 'deep/a.txt'));
      const dir = await files.uploadDir(folder);
      await files.downloadDir(dir, join(folder, 'again'));
      expect(readFileSync(join(folder, 'again/deep/a.txt'), 'utf8')).toBe('uploaded');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
