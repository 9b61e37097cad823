import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createContextValues } from '@connectrpc/connect';
import { RunSource } from 'nestjs-flyte/idl/workflow/run_definition';
import { CreateRunRequestSchema } from 'nestjs-flyte/idl/workflow/run_service';
import { callerKey } from '../calls/caller-context.js';
import { scheduledRunName } from '../triggers/scheduled-run-name.js';
import type { TriggerRecord } from '../triggers/trigger-store.js';
import { createRun } from './create-run.js';
import type { PlaneContext } from './plane-service.js';

/**
 * Makes the run of a trigger that is due, in the name of who deployed it. Its name says what for, so a second time makes no second run.
 *
 * @throws ConnectError as CreateRun
 */
export function fireTrigger(context: PlaneContext, { key, details }: TriggerRecord, due: number): void {
  const { project, domain, taskName, name } = key;
  const deployer = details.metadata?.deployedBy?.principal;
  const user = deployer?.case === 'user' ? deployer.value : undefined;
  const values = createContextValues().set(callerKey, {
    subject: user?.id?.subject ?? '',
    name: user?.spec?.firstName ?? '',
    email: user?.spec?.email ?? '',
    projects: new Set([project]),
  });
  const request = create(CreateRunRequestSchema, {
    id: { case: 'runId', value: { project, domain, name: scheduledRunName(key, due) } },
    task: { case: 'triggerName', value: { project, domain, taskName, name } },
    source: RunSource.SCHEDULE_TRIGGER,
    runStartTime: timestampFromMs(due),
  });
  createRun(context, request, values, due);
}
