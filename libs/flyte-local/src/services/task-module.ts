import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  ACTION_COMMAND,
  ACTION_SUBCOMMAND,
  moduleReference,
  parseActionArguments,
  primaryContainerOf,
} from 'nestjs-flyte/protocol';
import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';

/**
 * Refuses a task in TypeScript whose module this plane's actions could not load: the file is missing, or exports no such
 * name. The file's text decides, and is never executed here: it belongs to whoever deploys.
 *
 * @param cwd the folder that actions run in
 * @throws ConnectError `failed_precondition`, naming the folder
 */
export function requireTaskModule(spec: TaskSpec, cwd: string): void {
  const reference = moduleOf(spec);
  if (reference === undefined) return;
  const { path, name } = moduleReference(reference);
  const file = resolve(cwd, path);
  const where = `It was looked for in ${cwd}, the working directory of the local control plane`;
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw refused(
      `The task's module ${JSON.stringify(reference)} has no file ${file}. ${where}: build the app, or start the control ` +
        'plane with --working-directory and the folder that the path is relative to.',
    );
  }
  const text = readFileSync(file, 'utf8');
  const exports = exportsOf(text);
  if (exports.has(name) || OPAQUE.test(text)) return;
  const known = [...exports].filter((one) => one !== '__esModule').join(', ') || 'nothing';
  throw refused(`The task's module ${file} has no export ${JSON.stringify(name)}. It exports ${known}. ${where}.`);
}

/** The module that a task's command names; undefined for tasks of others. */
function moduleOf({ taskTemplate }: TaskSpec): string | undefined {
  const { command = [], args = [] } = primaryContainerOf(taskTemplate) ?? {};
  const [program, subcommand, ...rest] = [...command, ...args];
  if (program !== ACTION_COMMAND[0] || subcommand !== ACTION_SUBCOMMAND) return undefined;
  try {
    const { module, codeBundle } = parseActionArguments(rest);
    // What is in an archive shows once it is unpacked.
    return codeBundle === undefined ? module : undefined;
  } catch {
    // The action itself says what is wrong with its arguments.
    return undefined;
  }
}

/** What a file exports in a way that its text does not spell out: re-exports, bundles, destructured declarations. */
const OPAQUE =
  /\bexport\s*\*|__exportStar|__webpack_require__|__export\b|\bmodule\.exports\b|\bexport\s+(?:const|let|var)\s*[{[]/;

/** Declarations and assignments, as compilers write them. */
const NAMED = [
  /\bexport\s+(?:abstract\s+)?(?:async\s+)?(?:class|function\*?|const|let|var)\s+([\w$\p{ID_Continue}]+)/gu,
  /\bexport\s+(default)\b/gu,
  /\bexports\.([\w$\p{ID_Continue}]+)\s*=/gu,
  /\b(?:exports\[|defineProperty\(\s*exports,\s*)['"]([^'"]+)['"]/gu,
];

/** `export { one, two as three }`. */
const LISTS = /\bexport\s*\{([^}]*)\}/gu;

function exportsOf(text: string): Set<string> {
  const named = NAMED.flatMap((form) => Array.from(text.matchAll(form), ([, name = '']) => name));
  const listed = Array.from(text.matchAll(LISTS), ([, list = '']) => list.split(',').map((one) => one.trim())).flat();
  return new Set([...named, ...listed.map((one) => one.split(/\s/).at(-1) ?? '')].filter((name) => name !== ''));
}

function refused(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}
