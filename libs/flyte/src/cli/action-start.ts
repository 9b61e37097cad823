import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { FlyteError } from '../errors/flyte-error.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { parseEndpoint } from '../remote/options/endpoint.js';
import { inClusterSettings } from '../remote/options/flyte.config.js';
import { toFlyteError } from '../remote/connection/upstream-error.js';

/** How long Flyte may take to answer, in milliseconds: the task waits for it. */
const TIMEOUT_MS = 5_000;

/**
 * When Flyte took up the action that this process is an attempt of. It asks the Flyte that runs it, at the address that Flyte
 * itself gives its containers, and as nobody: a pod has no credentials of its own.
 *
 * @throws FlyteError where Flyte does not say
 */
export async function actionStart(): Promise<Date> {
  const { RUN_NAME = '', ACTION_NAME = '' } = process.env;
  const { endpoint, insecure, org = '', project = '', domain = '' } = inClusterSettings();
  if (endpoint === undefined) throw new FlyteError('failed_precondition', 'The variable _U_EP_OVERRIDE is not set.');
  const transport = createConnectTransport({ baseUrl: parseEndpoint(endpoint, insecure).url, httpVersion: '1.1' });
  const run = { org, project, domain, name: RUN_NAME };
  try {
    const { details } = await createClient(RunService, transport).getActionDetails(
      { actionId: { run, name: ACTION_NAME } },
      { timeoutMs: TIMEOUT_MS },
    );
    const start = details?.status?.startTime;
    if (start !== undefined) return timestampDate(start);
  } catch (error) {
    throw toFlyteError(error, 'RunService.GetActionDetails', undefined, { isApp: true });
  }
  throw new FlyteError('internal', 'Flyte tells no start of this action.');
}
