import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { moduleReference } from '../protocol/module-reference.js';
import { moduleFile } from './module-file.js';

/** What is wanted of a module, and what is said where it is not there. */
export interface WantedExport<T> {
  /** Takes the export; undefined where it is none of what is wanted. */
  readonly take: (value: unknown) => T | undefined;
  /** What the export is, where it is not that: `no Image`. */
  readonly other: string;
  /** What to do where there is no file, to put behind that. */
  readonly missing: string;
  /** Makes the error of a message. */
  readonly refused: (message: string) => Error;
  /** Makes the error of what the module itself throws; that goes on as it is where this is left out. */
  readonly failed?: (error: unknown, file: string) => Error;
}

type Exports = Readonly<Record<string, unknown>>;

/**
 * Loads what a module exports.
 *
 * @param reference `<file>#<export>`
 * @param root the folder that the file is relative to
 */
export async function loadExport<T>(reference: string, root: string, wanted: WantedExport<T>): Promise<T> {
  const { name } = moduleReference(reference);
  const file = moduleFile(reference, root);
  if (!existsSync(file)) throw wanted.refused(`There is no file ${file}. ${wanted.missing}`);
  const exports = await imported(file, wanted);
  const found = wanted.take(exports[name]);
  if (found !== undefined) return found;
  if (name in exports) throw wanted.refused(`The export ${name} of ${file} is ${wanted.other}.`);
  const known = Object.keys(exports).join(', ') || 'nothing';
  throw wanted.refused(`${file} has no export ${JSON.stringify(name)}. It exports ${known}.`);
}

async function imported(file: string, { failed }: Pick<WantedExport<unknown>, 'failed'>): Promise<Exports> {
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (error) {
    throw failed === undefined ? error : failed(error, file);
  }
}
