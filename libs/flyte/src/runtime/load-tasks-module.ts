import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { moduleProblem } from '../protocol/action-arguments.js';
import { exportProblem, moduleFile } from '../tasks/module-file.js';
import { ActionError, failedStep } from './action-failure.js';
import { isCompiledOtherwise } from './compiled-file.js';
import { systemCodeOf } from '../errors/system-code.js';

/** What Nest imports as a module. */
export type TasksModule = Type<unknown> | DynamicModule | Promise<DynamicModule>;

/**
 * Loads the Nest module that a task is in.
 *
 * @param reference `<file>#<export>`
 * @param root the app's root, which the file is relative to
 * @throws ActionError `ModuleLoadError` where the reference leads to no module, or where loading it fails
 */
export async function loadTasksModule(reference: string, root: string): Promise<TasksModule> {
  const problem = moduleProblem(reference);
  if (problem !== undefined) throw refused(`${JSON.stringify(reference)} names no module: ${problem}.`);
  const [, name = ''] = reference.split('#');
  const file = moduleFile(reference, root);
  if (!existsSync(file)) throw refused(`There is no file ${file}. Build the app, and start it from its root.`);
  if (isCompiledOtherwise(file))
    throw refused(`${file} was compiled by a version of nestjs-flyte that this one does not know: compile it again.`);
  const exports = await imported(file);
  const value = exports[name];
  if (isModule(value)) return value;
  throw refused(exportProblem(exports, { file, name, other: 'no Nest module: export a class with @Module()' }));
}

async function imported(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    // What is not there, and what is no JavaScript, will be so again; anything else may have been a matter of luck.
    const code = systemCodeOf(error) ?? '';
    const lasting = error instanceof SyntaxError || code.startsWith('ERR_') || code === 'MODULE_NOT_FOUND';
    throw failedStep(error, { ...STEP, recoverable: !lasting }, `${file} could not be loaded`);
  }
}

function isModule(value: unknown): value is TasksModule {
  if (value instanceof Promise) return true;
  // An empty @Module({}) leaves no trace on its class, so every class may be one.
  if (typeof value === 'function') return 'prototype' in value && value.prototype !== undefined;
  return typeof value === 'object' && value !== null && 'module' in value && typeof value.module === 'function';
}

const STEP = { code: 'ModuleLoadError', origin: 'user', recoverable: false } as const;

function refused(message: string): ActionError {
  return new ActionError({ ...STEP, message });
}
