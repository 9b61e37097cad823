import { basename, join } from 'node:path';
import { uploadsOf } from '../../files/upload-place.js';
import type { ActionKey } from '../../runs/action-id.js';
import { fileUrl, type DataFolder } from './data-folder.js';

/**
 * The folders that a run's inputs and its command point into: the raw data of another run, or what it left in its working
 * directory, as a file that one run put out is an input of the next, and what a client uploaded, as an input or as a task's code. Only of the same project and domain, since whoever makes a run may write any path into
 * its inputs.
 *
 * @param command the words of the action's command
 */
export function referredData(data: DataFolder, key: ActionKey, command: readonly string[]): string[] {
  const inputs = Buffer.from(data.inputBytes(data.inputsFolder(key)) ?? []).toString('latin1');
  const words = Buffer.from(command.join('\n')).toString('latin1');
  const runs = join(data.root, 'runs');
  const ofRuns = mentions(inputs, runs).flatMap((rest) => {
    const [, run = '', action = '', attempt = '', which = ''] =
      /^([\w-]+)\/([\w-]+)\/(\d+)\/(raw|scratch)\//.exec(rest) ?? [];
    const other = { ...key, run: run.replace(/-[0-9a-f]{16}$/, '') };
    // All of its own run it sees anyway.
    const isOther = run !== '' && run !== basename(data.runFolder(key));
    return isOther && basename(data.runFolder(other)) === run ? [join(runs, run, action, attempt, which)] : [];
  });
  const uploads = join(data.root, uploadsOf(key.project, key.domain));
  const uploaded = mentions(`${inputs}\n${words}`, uploads).flatMap((rest) => {
    const [root] = /^[\w=-][\w.=-]*/.exec(rest) ?? [];
    return root === undefined ? [] : [join(uploads, root)];
  });
  return [...new Set([...ofRuns, ...uploaded])].filter((folder) => !data.leadsElsewhere(folder));
}

/** What follows a folder wherever it is named. In the bytes, because a reference may be anywhere: in a literal, in MessagePack, in JSON. */
function mentions(inputs: string, folder: string): string[] {
  const ways = [folder, new URL(fileUrl(folder)).pathname].map((path) => Buffer.from(path).toString('latin1'));
  return [...new Set(ways)].flatMap((way) => inputs.split(`${way}/`).slice(1));
}
