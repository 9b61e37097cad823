import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesHolding } from './support/leaks.js';

let folder: string;
let here: string;
let late: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leaks-'));
  [here, late] = [join(folder, 'here'), join(folder, 'late')];
  mkdirSync(here);
  writeFileSync(join(here, 'layer'), Buffer.from('\0\0a secret\0'));
  writeFileSync(join(here, 'other'), 'nothing');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the search for what is left of a secret', () => {
  it('finds a text among bytes, and says where there is none', async () => {
    expect(await filesHolding(['a secret', 'x1'], [here])).toEqual([join(here, 'layer')]);
    expect(await filesHolding(['another'], [here])).toEqual([]);
  });

  it('is made anew where something was not there when it came to it', async () => {
    const settle = async (): Promise<void> => {
      mkdirSync(late);
      writeFileSync(join(late, 'layer'), 'another');
    };
    expect(await filesHolding(['another'], [here, late], settle)).toEqual([join(late, 'layer')]);
  });

  it('fails where that never ends, and where something is there and can not be read', async () => {
    let settled = 0;
    const settle = async (): Promise<void> => void (settled += 1);
    await expect(filesHolding(['a secret'], [here, late], settle)).rejects.toThrow(/late: No such file/);
    expect(settled).toBeGreaterThan(1);
    settled = 0;
    symlinkSync(late, late);
    await expect(filesHolding(['a secret'], [here, late], settle)).rejects.toThrow(/symbolic links/);
    expect(settled).toBe(0);
  });
});
