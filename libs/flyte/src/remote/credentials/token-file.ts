import { FlyteError } from '../../errors/flyte-error.js';
import { bearerHeader, headerProblem, type BearerOptions } from './bearer.js';
import { serviceLogin, type ServiceLogin } from '../options/service-login.js';
import { readSmallFile } from './small-file.js';

/**
 * Logs in with the bearer token that a file holds, such as a projected token of a Kubernetes service account. The file is
 * read for each call, so that a token that was replaced is used at once; calls that are made together share one reading.
 *
 * ```ts
 * FlyteModule.forRoot({ endpoint: 'dns:///flyte.example.com', credentials: tokenFile('/var/run/secrets/flyte/token') })
 * ```
 *
 * @param path of the file, which holds the token and nothing else
 * @throws FlyteError `invalid_configuration` for an empty path, or a header that can't take a token. Calls fail with
 * `failed_precondition` while the file can't be read, and with `unauthenticated` while it holds no token
 */
export function tokenFile(path: string, { header }: BearerOptions = {}): ServiceLogin {
  const problem = headerProblem(header);
  if (problem !== undefined) {
    throw new FlyteError('invalid_configuration', `tokenFile: option "header" ${problem}`);
  }
  if (typeof path !== 'string' || path === '') {
    throw new FlyteError(
      'invalid_configuration',
      'tokenFile takes the path of a file, such as "/var/run/secrets/token".',
    );
  }
  return serviceLogin('tokenFile', () => {
    let underWay: Promise<string> | undefined;
    return async () => {
      underWay ??= readSmallFile('The token file', path).finally(() => (underWay = undefined));
      return bearerHeader(`The token file ${JSON.stringify(path)}`, await underWay, header);
    };
  });
}
