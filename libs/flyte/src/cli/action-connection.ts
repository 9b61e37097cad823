import type { Transport } from '@connectrpc/connect';
import { FlyteError } from '../errors/flyte-error.js';
import { createConnection } from '../remote/connection/connection.js';
import { itself } from '../remote/connection/caller.js';
import { asCaller } from '../remote/connection/flyte-transport.js';
import { actionLogin } from '../remote/credentials/action-login.js';
import { openCredentials } from '../remote/credentials/open-credentials.js';
import { inClusterSettings } from '../remote/options/flyte.config.js';
import { resolveOptions } from '../remote/options/resolve-options.js';

/** The Flyte that runs this action, and where in it the run is. */
export interface ActionConnection {
  readonly transport: Transport;
  readonly org: string;
  readonly project: string;
  readonly domain: string;
  close(): void;
}

/**
 * The Flyte that runs this action, called as the action: at the address, and with the login, that it gives its containers.
 *
 * @throws FlyteError `failed_precondition` where it gives no address
 */
export function actionConnection(): ActionConnection {
  const settings = inClusterSettings();
  if (settings.endpoint === undefined) {
    throw new FlyteError(
      'failed_precondition',
      'The variable _U_EP_OVERRIDE is not set, so nobody knows where Flyte is.',
    );
  }
  const options = resolveOptions({ credentials: actionLogin() }, {}, settings);
  const connection = createConnection(options);
  const caller = itself(openCredentials(options, connection));
  const transport = asCaller(connection, () => caller, options);
  const { org = '', project = '', domain = '' } = settings;
  return { transport, org, project, domain, close: () => connection.close() };
}
