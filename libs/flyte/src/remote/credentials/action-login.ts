import { FlyteError } from '../../errors/flyte-error.js';
import {
  OPEN_LOGIN,
  serviceLogin,
  type GiveCredentials,
  type LoginTarget,
  type ServiceLogin,
} from '../options/service-login.js';
import { readToolsConfig } from './tools-config.js';
import { toolsLogin } from './tools-login.js';

/**
 * How an action logs in to the Flyte that runs it: as the configuration of Flyte's tools says, where the cluster gives its containers
 * one, by UCTL_CONFIG or FLYTECTL_CONFIG; undefined where it does not, and asks nobody who they are.
 */
export function actionLogin(): ServiceLogin | undefined {
  const path = process.env['UCTL_CONFIG'] || process.env['FLYTECTL_CONFIG'];
  if (!path) return undefined;
  return serviceLogin('action', (flyte) => {
    let opening: Promise<GiveCredentials> | undefined;
    return async (refused) => (await (opening ??= open(path, flyte)))(refused);
  });
}

async function open(path: string, flyte: LoginTarget): Promise<GiveCredentials> {
  const login = toolsLogin(await readToolsConfig(path));
  if (login) return login[OPEN_LOGIN](flyte);
  throw new FlyteError(
    'invalid_configuration',
    `The cluster gives its actions the configuration ${path}, and no login in it can be used: it takes clientId with ` +
      'clientSecretLocation or clientSecretEnvVar, or a command.',
    { fault: 'operator' },
  );
}
