import { ConnectError, createClient } from '@connectrpc/connect';
import type { FlyteErrorCode } from '../../errors/flyte-error.js';
import { AuthMetadataService } from '../../gen/flyteidl2/auth/auth_service_pb.js';
import type { Endpoint } from '../options/endpoint.js';
import { toFlyteError } from './upstream-error.js';
import type { Connection } from './connection.js';

/** What the local control plane calls itself, in the header `server` of every answer. */
const LOCAL_PLANE = 'nestjs-flyte-local';
const TIMEOUT_MS = 10_000;
/** No answer tells nothing of who would have given it. */
const NO_ANSWER: ReadonlySet<FlyteErrorCode> = new Set(['unavailable', 'deadline_exceeded', 'canceled']);

/**
 * Makes the question whether an endpoint is the local control plane, which runs tasks on this machine and ignores their
 * images. The address does not tell: a cluster is often reached by a port of this machine. It is asked without
 * credentials, until there is an answer, and never for another machine's address.
 *
 * @throws FlyteError from the question, `unavailable` or `deadline_exceeded`, where nobody answers
 */
export function localPlaneQuestion(
  connection: Connection,
  { isLocal }: Pick<Endpoint, 'isLocal'>,
): () => Promise<boolean> {
  let known = isLocal ? undefined : false;
  return async () => (known ??= await ask(connection));
}

async function ask(connection: Connection): Promise<boolean> {
  let server: string | null = null;
  const onHeader = (headers: Headers): void => void (server = headers.get('server'));
  try {
    await createClient(AuthMetadataService, connection.calls).getPublicClientConfig(
      {},
      { timeoutMs: TIMEOUT_MS, onHeader },
    );
  } catch (error) {
    const failure = toFlyteError(error, 'AuthMetadataService.GetPublicClientConfig', undefined, { isApp: true });
    if (NO_ANSWER.has(failure.code)) throw failure;
    server ??= ConnectError.from(error).metadata.get('server');
  }
  return server === LOCAL_PLANE;
}
