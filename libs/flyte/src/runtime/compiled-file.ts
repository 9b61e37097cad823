import { closeSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { ActionArguments } from '../protocol/action-arguments.js';
import type { TaskClass } from '../tasks/task-metadata.js';
import type { ActionExitCode, ActionHost } from './action-host.js';

/**
 * How a file begins that `nestjs-flyte compile` made. The number changes with what is agreed on in this file: the command that starts
 * an action may be of another version than the copy of this library that was compiled.
 */
export const COMPILED_HEADER = '// nestjs-flyte: compiled tasks, 1\n';

/** What such a file exports beside the module of the tasks. */
export const COMPILED_EXPORT = 'nestjsFlyte';

/**
 * What such a file offers to the command: this library and Nest as they are in the file, the only copies that its tasks know.
 */
export interface CompiledTasks {
  /** See `taskClassesOf`. @param reference `<file>#<export>` of this very file @param root what it is relative to */
  taskClasses(reference: string, root: string): Promise<TaskClass[]>;
}

/** An action that a compiled file is to run. */
export interface PendingAction {
  /** As they were given, or read already. */
  readonly args: readonly string[] | ActionArguments;
  readonly host: Omit<ActionHost, 'logger'>;
  /** Takes what the action will end with. */
  readonly started: (exitCode: Promise<ActionExitCode>) => void;
}

const pending = Symbol.for('nestjs-flyte.pending-action.1');
const globals = globalThis as { [pending]?: PendingAction | undefined };

/** The action that the file which is being loaded is to run; only the first who asks gets it. */
export function takePendingAction(): PendingAction | undefined {
  const action = globals[pending];
  globals[pending] = undefined;
  return action;
}

/** Whether a file is compiled, by a version that agrees with this one. Nothing of it is run; where it can't be read, it is not. */
export function isCompiledFile(file: string): boolean {
  return beginningOf(file) === COMPILED_HEADER;
}

/** Whether a file is compiled by a version that agrees on something else. */
export function isCompiledOtherwise(file: string): boolean {
  const beginning = beginningOf(file);
  return beginning !== COMPILED_HEADER && beginning.startsWith(COMPILED_HEADER.slice(0, COMPILED_HEADER.indexOf(',')));
}

function beginningOf(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const head = Buffer.alloc(COMPILED_HEADER.length);
    readSync(descriptor, head);
    return head.toString('latin1');
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Loads a compiled file outside an action. */
export async function openCompiledFile(file: string): Promise<CompiledTasks> {
  const exports = (await import(pathToFileURL(file).href)) as { readonly [COMPILED_EXPORT]: CompiledTasks };
  return exports[COMPILED_EXPORT];
}

/**
 * Runs an action by the copy of this library that a compiled file brings along. That begins the action before it loads the tasks,
 * so that what they do while they load is reported as it always is.
 *
 * @param otherwise runs the action where the file can't be loaded far enough for that
 */
export function runCompiledAction(
  file: string,
  action: Omit<PendingAction, 'started'>,
  otherwise: () => Promise<ActionExitCode>,
): Promise<ActionExitCode> {
  // Where a line of the file came from, its map tells.
  process.setSourceMapsEnabled(true);
  return new Promise((resolve) => {
    let isStarted = false;
    const started = (exitCode: Promise<ActionExitCode>): void => {
      isStarted = true;
      resolve(exitCode);
    };
    globals[pending] = { ...action, started };
    const unlessStarted = (): void => {
      takePendingAction();
      if (!isStarted) resolve(otherwise());
    };
    // What the tasks threw, the action has seen.
    import(pathToFileURL(file).href).then(unlessStarted, unlessStarted);
  });
}
