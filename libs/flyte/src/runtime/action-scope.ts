import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';

/** What is known of the action that the running code belongs to. */
export interface ActionInfo {
  /** The run's name. */
  readonly run: string;
  /** The action's name within the run; `a0` for the run's own task. */
  readonly action: string;
  /** The task's full name. */
  readonly task: string;
  /** The task's version. */
  readonly version: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** The project that the run is in. */
  readonly project: string;
  /** The domain that the run is in. */
  readonly domain: string;
  /** The organisation; empty where Flyte has none. */
  readonly org: string;
  /** Fires when the task is to end: it was asked to, or its time is up. Its reason is a FlyteError. */
  readonly signal: AbortSignal;
  /** Writes to the action's log. */
  readonly logger: LoggerService;
}

/** What the library knows besides. */
export interface ActionScope extends ActionInfo {
  /** The folder for what outputs point to, as a URI. */
  readonly rawDataPath: string;
  /** The folder of `outputs.pb`, as a URI. */
  readonly outputsPath: string;
}

// A container may hold two copies of the library, the command's and the app's; both must find the action. The number
// changes when the shape of an ActionScope does.
const key = Symbol.for('nestjs-flyte.action-scope.2');
const globals = globalThis as { [key]?: AsyncLocalStorage<ActionScope> };
const current = (globals[key] ??= new AsyncLocalStorage());

/** Runs a function, and everything that it starts, as part of an action. */
export function runInAction<T>(action: ActionScope, fn: () => T): T {
  return current.run(action, fn);
}

/** The action that the running code is part of; undefined outside any. */
export function currentAction(): ActionScope | undefined {
  return current.getStore();
}
