import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/** The package that tasks in TypeScript are in, and the command that runs them. */
const PACKAGE = 'nestjs-flyte';

/**
 * The PATH of an action, which finds the command `nestjs-flyte` of the project that the action runs in, as it would in an
 * image: its shell part first, which a Windows has no shell for, then what npx would find. Whoever starts the plane by an
 * editor or by `node` has no `node_modules/.bin` there. This process's own Node comes last, for a PATH that has none.
 *
 * @param path what the action has so far
 * @param cwd the folder that it runs in
 */
export function searchPath(path: string, cwd: string): string {
  const folders = createRequire(join(cwd, 'package.json')).resolve.paths(PACKAGE) ?? [];
  const holding = (...bin: string[]): string | undefined =>
    folders.map((folder) => join(folder, ...bin)).find((folder) => existsSync(join(folder, PACKAGE)));
  const shellPart = process.platform === 'win32' ? undefined : holding(PACKAGE, 'bin');
  return [shellPart, holding('.bin'), path, dirname(process.execPath)].filter(Boolean).join(delimiter);
}

/** What to do where a command is missing; empty for commands of others. */
export function missingCommandAdvice(command: string, cwd: string): string {
  if (command !== PACKAGE) return '';
  return ` It comes with the package ${PACKAGE}, which the working directory ${cwd} does not resolve: start the control plane in your project, or name it with --working-directory.`;
}
