import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { FlyteError } from '../errors/flyte-error.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { actionConnection } from './action-connection.js';

/** How long Flyte may take to answer, in milliseconds: the task waits for it. */
const TIMEOUT_MS = 5_000;

/**
 * When Flyte took up the action that this process is an attempt of. It asks the Flyte that runs it, as the action.
 *
 * @throws FlyteError where Flyte does not say
 */
export async function actionStart(): Promise<Date> {
  const { RUN_NAME = '', ACTION_NAME = '' } = process.env;
  const connection = actionConnection();
  const { transport, org, project, domain } = connection;
  const run = { org, project, domain, name: RUN_NAME };
  try {
    const { details } = await createClient(RunService, transport).getActionDetails(
      { actionId: { run, name: ACTION_NAME } },
      { timeoutMs: TIMEOUT_MS },
    );
    const start = details?.status?.startTime;
    if (start !== undefined) return timestampDate(start);
  } finally {
    connection.close();
  }
  throw new FlyteError('internal', 'Flyte tells no start of this action.');
}
