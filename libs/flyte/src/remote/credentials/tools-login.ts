import type { ServiceLogin } from '../options/service-login.js';
import { clientCredentials } from './client-credentials.js';
import { externalCommand } from './external-command.js';
import type { ToolsConfig } from './tools-config.js';

/**
 * The login that a configuration of Flyte's tools holds; undefined where it holds none that needs no browser. In the order of the
 * Python SDK: a client that has a secret is a client, whatever else the file says.
 */
export function toolsLogin({
  clientId,
  clientSecretFile,
  clientSecretVariable,
  scopes,
  command,
}: ToolsConfig): ServiceLogin | undefined {
  const clientSecret =
    clientSecretVariable !== undefined && process.env[clientSecretVariable]
      ? { env: clientSecretVariable }
      : clientSecretFile === undefined
        ? undefined
        : { file: clientSecretFile };
  if (clientId !== undefined && clientSecret !== undefined) {
    return clientCredentials({ clientId, clientSecret, ...(scopes && { scopes }) });
  }
  return command === undefined ? undefined : externalCommand(command);
}
