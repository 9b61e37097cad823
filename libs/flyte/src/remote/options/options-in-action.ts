import type { FlyteModuleOptions } from './flyte-options.js';
import { inClusterSettings } from './flyte.config.js';
import type { ServiceLogin } from './service-login.js';

/**
 * An app's options as they hold inside an action of Flyte. There is no request whose credentials could travel, so
 * `passthrough` counts as not given: calls need `authMetadata` or the option `credentials`. The unnamed connection is to
 * the Flyte that runs the action, as Flyte's own variables say, by the login that it gives its actions where the app has none; a
 * named one stays as it is.
 *
 * @param name of the connection
 * @param login that the action has
 */
export function optionsInAction(
  options: FlyteModuleOptions,
  name: string | undefined,
  login?: ServiceLogin,
): FlyteModuleOptions {
  const { endpoint, insecure } = inClusterSettings();
  const inert = { ...options, passthrough: false };
  if (name !== undefined || endpoint === undefined) return inert;
  const credentials = options.credentials ?? login;
  return { ...inert, endpoint, insecure, tls: undefined, ...(credentials && { credentials }) };
}
