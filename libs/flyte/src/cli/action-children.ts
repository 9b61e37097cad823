import type { ActionScope } from '../action/action-scope.js';
import type { ChildActions } from '../action/child-actions.js';
import { openChildren } from '../children/open-children.js';
import { FlyteError } from '../errors/flyte-error.js';
import { actionConnection } from './action-connection.js';

/**
 * Opens the way by which an action calls its children: to the Flyte that runs it, as that gives its containers address and
 * credentials.
 *
 * @throws FlyteError `failed_precondition` where Flyte says neither where it is nor where the run's data are
 */
export async function actionChildren(action: ActionScope): Promise<ChildActions> {
  const runBase = process.env['_U_RUN_BASE'];
  if (!runBase)
    throw new FlyteError('failed_precondition', 'The variable _U_RUN_BASE is not set: does Flyte run this?');
  return openChildren(action, { ...actionConnection(), runBase });
}
