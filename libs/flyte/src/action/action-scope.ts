import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';
import type { ChildActions } from './child-actions.js';

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

/** What a report shows, tab by tab. */
export interface ReportPages {
  readonly tabs: Map<string, string[]>;
  /** Whether all of it is stored, or is being stored. */
  isFlushed: boolean;
  /** What is being stored, after which the next may be. */
  flushing?: Promise<void>;
}

/** What the library knows besides. */
export interface ActionScope extends ActionInfo {
  /** The folder for what outputs point to, as a URI. */
  readonly rawDataPath: string;
  /** The folder of `outputs.pb`, as a URI. */
  readonly outputsPath: string;
  /** The folder for this attempt's checkpoint, as a URI. */
  readonly checkpointPath: string;
  /** Where the attempt before left its checkpoint; undefined on the first. */
  readonly prevCheckpoint: string | undefined;
  /** The module that provides the task: `<file>#<export>`. */
  readonly module: string;
  /** The archive that the module's code comes in, as a URI; undefined where the image has it. */
  readonly codeBundle: string | undefined;
  /** The group that calls are made in; undefined outside any. */
  readonly group: string | undefined;
  /** The step that calls are made in, by the name of its action; undefined outside any. */
  readonly step?: string | undefined;
  /** Takes the task's secrets out of a text that leaves the process. */
  readonly redact: (text: string) => string;
  /** What its report shows. */
  readonly report: ReportPages;
  /** What this action has its run do. The first call opens the connection. */
  readonly children: () => Promise<ChildActions>;
}

// A container may hold two copies of the library, the command's and the app's; both must find the action. The number
// changes when the shape of an ActionScope does.
const key = Symbol.for('nestjs-flyte.action-scope.3');
const globals = globalThis as { [key]?: AsyncLocalStorage<ActionScope> };
const current = (globals[key] ??= new AsyncLocalStorage());

/** Runs a function, and everything that it starts, as part of an action. */
export function runInAction<T>(action: ActionScope, fn: () => T): T {
  return current.run(action, fn);
}

/** Runs a function with calls made in a group, or in a step. */
export function runWithin<T>(action: ActionScope, place: 'group' | 'step', name: string, fn: () => T): T {
  // Not copied: some of an action's properties are read when they are asked for.
  const within = Object.create(action, { [place]: { value: name, enumerable: true } }) as ActionScope;
  return current.run(within, fn);
}

/** The action that the running code is part of; undefined outside any. */
export function currentAction(): ActionScope | undefined {
  return current.getStore();
}
