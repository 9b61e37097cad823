import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { AttemptRefused } from '../attempts/attempt-refused.js';
import { missingCommandAdvice } from './search-path.js';

/**
 * The path of a program, as a process with these variables would find it.
 *
 * @param command a name, or a path with `/`
 * @param path the variable PATH
 * @param cwd the folder that relative paths belong to
 * @throws AttemptRefused if there is none, or it can't be executed
 */
export function findCommand(command: string, path: string, cwd: string): string {
  if (command.includes('\0')) throw new AttemptRefused('The command holds a NUL character.');
  const isPath = command.includes('/') || (process.platform === 'win32' && command.includes('\\'));
  const folders = isPath ? [''] : path.split(delimiter).filter((folder) => folder !== '');
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : [''];
  const candidates = folders.flatMap((folder) =>
    suffixes.map((suffix) => resolve(cwd, join(folder, command) + suffix)),
  );
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new AttemptRefused(
    `The command ${JSON.stringify(command)} ${isPath ? `is no executable file (looked from ${cwd})` : 'is not found in PATH'}. ` +
      "The local control plane runs a task's command on this machine and ignores its image." +
      missingCommandAdvice(command, cwd),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
