import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child.js';

/** What a secret's bytes may look like: raw, hex, and base64 wherever in the encoded text they begin. */
export function traces(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return [secret, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64];
}

/** The files under some folders that hold any of some texts, binary files, archives and sparse databases included. */
export async function filesHolding(texts: readonly string[], folders: readonly string[]): Promise<string[]> {
  const patterns = join(tmpdir(), `patterns-${randomUUID()}`);
  writeFileSync(patterns, `${texts.join('\n')}\n`);
  try {
    const args = [
      '--recursive',
      '--text',
      '--files-with-matches',
      '--fixed-strings',
      '--devices=skip',
      '--file',
      patterns,
    ];
    return (await run('grep', [...args, ...folders], { ...process.env, LC_ALL: 'C' })).trim().split('\n');
  } catch (error) {
    // grep ends with 1 where it found nothing.
    if (error instanceof Error && 'code' in error && error.code === 1) return [];
    throw error;
  } finally {
    rmSync(patterns);
  }
}
