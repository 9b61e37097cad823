import { basename, join } from 'node:path';
import type { ActionKey } from '../runs/action-id.js';
import { fileUrl, type DataFolder } from './data-folder.js';

/**
 * The raw data folders that a run's inputs point into: a file that one run put out is an input of the next. Only of runs of
 * the same project and domain, since whoever makes a run may write any path into its inputs.
 */
export function referredData(data: DataFolder, key: ActionKey): string[] {
  const inputs = Buffer.from(data.inputBytes(data.inputsFolder(key)) ?? []).toString('latin1');
  const runs = join(data.root, 'runs');
  // Looked for in the bytes, because a reference may be anywhere: in a literal, in MessagePack, in JSON.
  const ways = [runs, new URL(fileUrl(runs)).pathname].map((path) => Buffer.from(path).toString('latin1'));
  const folders = [...new Set(ways)].flatMap((way) =>
    inputs.split(`${way}/`).flatMap((rest, at) => {
      const [, run = '', action = '', attempt = ''] = (at > 0 && /^([\w-]+)\/([\w-]+)\/(\d+)\/raw\//.exec(rest)) || [];
      const other = { ...key, run: run.replace(/-[0-9a-f]{16}$/, '') };
      return run !== '' && basename(data.runFolder(other)) === run ? [join(runs, run, action, attempt, 'raw')] : [];
    }),
  );
  return [...new Set(folders)];
}
