import { closeSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { CompiledTasks } from './compiled-tasks.js';

/**
 * How a file begins that `nestjs-flyte compile` made. The number changes with {@link CompiledTasks}: the command that starts an
 * action may be of another version than the copy that was compiled.
 */
export const COMPILED_HEADER = '// nestjs-flyte: compiled tasks, 1\n';

/** What such a file exports beside the module of the tasks. */
export const COMPILED_EXPORT = 'nestjsFlyte';

/** Whether a file is compiled. Nothing of it is run; where it can't be read, it is not. */
export function isCompiledFile(file: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const head = Buffer.alloc(COMPILED_HEADER.length);
    readSync(descriptor, head);
    return head.toString('latin1') === COMPILED_HEADER;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Opens a compiled file: the library in it is loaded, and the tasks inside an action are not. */
export async function openCompiledFile(file: string): Promise<CompiledTasks> {
  const { [COMPILED_EXPORT]: compiled } = (await import(pathToFileURL(file).href)) as {
    readonly [COMPILED_EXPORT]: CompiledTasks;
  };
  return compiled;
}
