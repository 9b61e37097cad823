import { bearerHeader } from '../remote/credentials/bearer.js';
import { clientCredentials } from '../remote/credentials/client-credentials.js';
import { tokenFile } from '../remote/credentials/token-file.js';
import type { ServiceCredentials } from '../remote/options/flyte-options.js';
import type { ToolsConfig } from '../remote/credentials/tools-config.js';
import { toolsLogin } from '../remote/credentials/tools-login.js';
import { note } from './output.js';

/**
 * Who the command is. The first of these that is there: the token of `FLYTE_TOKEN_FILE`, the one in `FLYTE_TOKEN`, the client
 * of `FLYTE_CLIENT_ID` with its secret in `FLYTE_CLIENT_SECRET_FILE` or `FLYTE_CLIENT_SECRET`; then, in the configuration file,
 * the client of `clientId`, and the command of `command`. Nobody where there is none.
 *
 * @param config the file that says where Flyte is; empty where something else does
 * @throws FlyteError `unauthenticated` where `FLYTE_TOKEN` holds no token
 */
export function cliCredentials(config: ToolsConfig): ServiceCredentials | undefined {
  const { FLYTE_TOKEN_FILE: file, FLYTE_TOKEN: token, FLYTE_CLIENT_ID: clientId } = process.env;
  if (file) return tokenFile(file);
  if (token) {
    const login = bearerHeader('The variable FLYTE_TOKEN', token);
    return () => login.entries();
  }
  if (clientId) {
    const secretFile = process.env['FLYTE_CLIENT_SECRET_FILE'];
    return clientCredentials({
      clientId,
      clientSecret: secretFile ? { file: secretFile } : { env: 'FLYTE_CLIENT_SECRET' },
    });
  }
  const login = toolsLogin(config);
  if (login === undefined) noteUnusable(config);
  return login;
}

/** Whoever wrote a login into the file should know why the command has none. */
function noteUnusable({ path = '', clientSecretVariable, holdsClientSecret, authType }: ToolsConfig): void {
  const isSet = clientSecretVariable !== undefined && process.env[clientSecretVariable];
  if (clientSecretVariable !== undefined && !isSet) {
    // What looks otherwise may be the secret itself.
    const name = /^[A-Z_][A-Z0-9_]*$/.test(clientSecretVariable) ? clientSecretVariable : 'a variable';
    note(`clientSecretEnvVar in ${path} names ${name}, which is not set.`);
  }
  if (holdsClientSecret === true) {
    note(
      `clientSecret in ${path} is not read: name its file by clientSecretLocation, or its variable by clientSecretEnvVar.`,
    );
  }
  const browser = /^(?:pkce|deviceflow)$/i.exec(authType ?? '')?.[0];
  if (browser !== undefined) {
    note(`authType ${browser} in ${path} is a login by a browser: set FLYTE_TOKEN_FILE, or give "command" there.`);
  }
}
