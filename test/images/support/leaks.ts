import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How often a search is begun anew, before what keeps changing the folders is to blame. */
const PASSES = 20;
/** All that grep says is that files went away which it had just seen. */
const VANISHED = /^(?:grep: .*: No such file or directory\n)+$/;

/**
 * The files under some folders that hold any of some texts, binary files, archives and sparse databases included. What goes
 * away while the search reads, as the daemon's layers do, holds nothing; the search is then made anew until one has seen all
 * that is there. Whatever else can't be read fails it.
 *
 * @param settle is waited for before it is made anew
 */
export async function filesHolding(
  texts: readonly string[],
  folders: readonly string[],
  settle: () => Promise<void> = () => sleep(500),
): Promise<string[]> {
  const patterns = join(tmpdir(), `patterns-${randomUUID()}`);
  writeFileSync(patterns, `${texts.join('\n')}\n`);
  const args = [
    '--recursive',
    '--text',
    '--files-with-matches',
    '--fixed-strings',
    '--devices=skip',
    '--file',
    patterns,
    ...folders,
  ];
  try {
    for (let pass = 1; ; pass += 1) {
      try {
        return (await run('grep', args, { ...process.env, LC_ALL: 'C' })).trim().split('\n');
      } catch (error) {
        const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: unknown };
        // grep ends with 1 where it found nothing, and with 2 where something kept it from reading.
        if (code === 1) return [];
        if (pass === PASSES || code !== 2 || !VANISHED.test(String(stderr))) throw error;
      }
      await settle();
    }
  } finally {
    rmSync(patterns);
  }
}
