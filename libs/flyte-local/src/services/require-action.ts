import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { requireRun } from '../calls/caller-context.js';
import type { ActionKey } from '../runs/action-id.js';
import type { PlaneContext } from './plane-service.js';

/** Flyte's own words for an abort without a reason would be as good; these are ours. */
export const NO_REASON = 'Aborted by a caller who gave no reason.';

/**
 * The record of an action that the caller may see.
 *
 * @throws ConnectError `permission_denied` or `not_found`
 */
export function requireAction({ engine }: PlaneContext, key: ActionKey, values: ContextValues): ActionDetails {
  requireRun(values, key);
  const details = engine.actions.get(key);
  if (details === undefined) throw notFound(key);
  return details;
}

/** The error of an action that is not there. */
export function notFound({ project, domain, run, name }: ActionKey): ConnectError {
  return new ConnectError(
    `There is no action ${JSON.stringify(name)} of a run ${JSON.stringify(run)} in project ${JSON.stringify(project)}, ` +
      `domain ${JSON.stringify(domain)}.`,
    Code.NotFound,
  );
}
