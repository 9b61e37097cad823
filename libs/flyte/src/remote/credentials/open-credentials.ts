import { createClient } from '@connectrpc/connect';
import { createAuthMetadata } from '../../auth/auth-metadata.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { AuthMetadataService } from '../../gen/flyteidl2/auth/auth_service_pb.js';
import { asCaller } from '../connection/flyte-transport.js';
import type { AppsOwnHeaders } from '../options/flyte-options.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { Connection } from '../connection/connection.js';
import { isServiceLogin, OPEN_LOGIN, type FlyteLoginAdvice, type GiveCredentials } from '../options/service-login.js';

/** What gives the app's own credentials on one connection; undefined where the options name none. */
export function openCredentials(options: ResolvedOptions, connection: Connection): GiveCredentials | undefined {
  const { credentials, endpoint } = options;
  if (!isServiceLogin(credentials)) return credentials && fromFunction(credentials);
  return credentials[OPEN_LOGIN]({
    authority: endpoint.authority,
    isTrusted: !endpoint.plaintext || endpoint.isLocal,
    advice: () => loginAdvice(connection, options),
  });
}

/** What Flyte says to clients that have no credentials yet. The open-source backend names an issuer where it was given one. */
async function loginAdvice(
  connection: Connection,
  { endpoint, ...limits }: ResolvedOptions,
): Promise<FlyteLoginAdvice> {
  const anonymous = asCaller(connection, () => ({ credentials: () => undefined, isApp: true }), limits);
  const client = createClient(AuthMetadataService, anonymous);
  try {
    const [server, config] = await Promise.all([client.getOAuth2Metadata({}), client.getPublicClientConfig({})]);
    return {
      issuer: server.issuer,
      tokenEndpoint: server.tokenEndpoint,
      authMethods: server.tokenEndpointAuthMethodsSupported,
      scopes: config.scopes,
      audience: config.audience,
      header: config.authorizationMetadataKey,
    };
  } catch (error) {
    if (!FlyteError.is(error) || error.code === 'unavailable' || error.code === 'deadline_exceeded') throw error;
    throw new FlyteError(
      'failed_precondition',
      `Flyte at ${endpoint.authority} does not say how to log in (${error.code}). Give clientCredentials the option "issuer" or "tokenEndpoint".`,
      { fault: 'operator', detail: error.detail ?? error.message },
    );
  }
}

/** A function of the app's own, asked anew for each call. */
function fromFunction(give: AppsOwnHeaders): GiveCredentials {
  return async () => {
    let headers;
    try {
      headers = await give();
    } catch (error) {
      // Its text is a stranger's, and may quote what it was about.
      const kind = error instanceof Error ? error.constructor.name : typeof error;
      throw new FlyteError(
        'unavailable',
        `The option "credentials" gave none: it threw (${kind}). See why, and call again.`,
      );
    }
    let metadata;
    try {
      metadata = createAuthMetadata(headers);
    } catch (error) {
      // Not the fault of who made the request, and nothing to tell them.
      const problem = error instanceof FlyteError ? error.message : 'It must give a record or pairs.';
      throw new FlyteError('misuse', `The option "credentials" gave no headers that can travel. ${problem}`);
    }
    if (metadata.names.length === 0) throw new FlyteError('misuse', 'The option "credentials" gave no header.');
    return metadata;
  };
}
