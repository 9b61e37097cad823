import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FlyteError } from '../../errors/flyte-error.js';
import { systemCodeOf } from '../../errors/system-code.js';
import { GENERATED } from './refs-source.js';

/** The file that refs go to. */
export interface RefsFile {
  /** Whether it differs from what it would be; a checkout's line ends aside. */
  differs(source: string): boolean;
  /** Writes it, whole or not at all. */
  write(source: string): void;
}

/**
 * Opens the file that refs go to.
 *
 * @param path absolute
 * @throws FlyteError `invalid_argument` for a file that is none of TypeScript, or that this command did not write
 */
export function refsFile(path: string): RefsFile {
  if (!/\.[cm]?ts$/.test(path) || /\.d\.[cm]?ts$/.test(path))
    throw refused(`--out ${path} does not end in .ts: name a file of TypeScript.`);
  const before = contentOf(path);
  if (before !== undefined && before.trim() !== '' && !before.startsWith(GENERATED))
    throw refused(`${path} was not written by this command, and is left as it is: give another --out, or remove it.`);
  return {
    differs: (source) => before?.replaceAll('\r\n', '\n') !== source,
    write(source) {
      const draft = join(dirname(path), `.${process.pid}.${basename(path)}`);
      try {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(draft, source);
        renameSync(draft, path);
      } catch (error) {
        rmSync(draft, { force: true });
        throw refused(`${path} can't be written (${systemCodeOf(error) ?? 'unknown'}): give another --out.`);
      }
    },
  };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return undefined;
    throw refused(`${path} can't be read (${code ?? 'unknown'}): give another --out.`);
  }
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
