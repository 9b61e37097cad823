import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkpoint, checkpointOf } from './checkpoint.js';

let folder: string;
let checkpoint: Checkpoint;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-checkpoint-'));
  checkpoint = checkpointOf({ checkpointPath: folder, prevCheckpoint: undefined, attempt: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a checkpoint', () => {
  it('takes as much as a later attempt can read, and says what to do with more', async () => {
    // The message adds five bytes.
    const most = 64 * 1024 * 1024 - 5;
    await checkpoint.write(Buffer.alloc(most, 1));
    await expect(checkpoint.write(Buffer.alloc(most + 1))).rejects.toMatchObject({
      code: 'out_of_range',
      message: expect.stringMatching(/67108865 bytes, and may have 67108864 \(64 MiB\).* FileService/),
    });
    const read = await checkpoint.read<Uint8Array>();
    expect([read?.length, read?.[0]]).toEqual([most, 1]);
  });

  it('refuses a date, which would come back as a text', async () => {
    await checkpoint.write({ at: new Date(0).toISOString() });
    for (const wrong of [new Date(0), { at: [new Date(0)] }]) {
      await expect(checkpoint.write(wrong)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringMatching(/^checkpoint.* toISOString/),
      });
    }
    expect(await checkpoint.read()).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});
