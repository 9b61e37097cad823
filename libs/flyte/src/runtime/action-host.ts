import type { LoggerService } from '@nestjs/common';
import type { ActionScope } from '../action/action-scope.js';
import type { ChildActions } from '../action/child-actions.js';
import type { unpackCode } from './code-bundle.js';

/** What an action runs in. */
export interface ActionHost {
  /** The app's root, which the file of the tasks module is relative to. */
  readonly root: string;
  /** The variables that Flyte set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the log goes. */
  readonly logger: LoggerService;
  /** Asks when Flyte took up the action, which the task's deadline counts from; rejects where nobody can tell. */
  readonly startedAt?: () => Promise<Date>;
  /** Opens what the action has its run do: children, recorded steps. */
  readonly openChildren?: (action: ActionScope) => Promise<ChildActions>;
  /** The command that writes error.pb for this process where it can't do so itself, and is killed; options follow. */
  readonly reportDeath?: readonly [string, ...string[]];
  /** Unpacks the code of a task that is not in the image. */
  readonly unpackCode?: typeof unpackCode;
}

/** How a process that ran one action is to end. */
export type ActionExitCode =
  /** outputs.pb or error.pb is written. Where neither could be, Flyte fails the run, for want of a result. */
  | 0
  /** The process was asked to end: there is no result, and Flyte starts the attempt anew, unless it has ended the run. */
  | 143;
