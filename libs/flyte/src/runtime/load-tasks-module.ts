import type { DynamicModule, Type } from '@nestjs/common';
import { systemCodeOf } from '../errors/system-code.js';
import { moduleProblem } from '../protocol/module-reference.js';
import { loadExport } from '../tasks/load-export.js';
import { moduleFile } from '../tasks/module-file.js';
import { ActionError, failedStep } from './action-failure.js';
import { isCompiledOtherwise } from './compiled-file.js';

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
  const file = moduleFile(reference, root);
  if (isCompiledOtherwise(file))
    throw refused(`${file} was compiled by a version of nestjs-flyte that this one does not know: compile it again.`);
  return loadExport<TasksModule>(reference, root, {
    take: (value) => (isModule(value) ? value : undefined),
    other: 'no Nest module: export a class with @Module()',
    missing: 'Build the app, and start it from its root.',
    refused,
    failed: loadFailure,
  });
}

/**
 * The failure of a module that could not be evaluated. A file that is missing or is no JavaScript fails the same way in
 * every attempt, so it is not tried again. What the module's own code threw may succeed the next time, so that is.
 */
function loadFailure(error: unknown, file: string): Error {
  const code = systemCodeOf(error) ?? '';
  const isLasting = error instanceof SyntaxError || code.startsWith('ERR_') || code === 'MODULE_NOT_FOUND';
  return failedStep(error, { ...STEP, recoverable: !isLasting }, `${file} could not be loaded`);
}

function isModule(value: unknown): value is TasksModule {
  if (value instanceof Promise) return true;
  // `@Module({})` without any entry leaves nothing on its class to tell it by, so every class is taken.
  if (typeof value === 'function') return 'prototype' in value && value.prototype !== undefined;
  return typeof value === 'object' && value !== null && 'module' in value && typeof value.module === 'function';
}

const STEP = { code: 'ModuleLoadError', origin: 'user', recoverable: false } as const;

function refused(message: string): ActionError {
  return new ActionError({ ...STEP, message });
}
