import { Secret } from './secret.js';
import { SECRETS_MOUNT } from './read-secret.js';

/** The numbers of `flyteidl2.core.Secret.MountType`. A test holds them against the generated enum. */
export const SECRET_MOUNT_TYPE = { ANY: 0, ENV_VAR: 1, FILE: 2 } as const;

/** `flyteidl2.core.Secret` as plain fields: what `create(SecretSchema, …)` takes and what a message of it offers. */
export interface SecretWire {
  /** The empty string where there is none. */
  readonly group: string;
  /** The secret's name in the store. */
  readonly key: string;
  /** One of {@link SECRET_MOUNT_TYPE}. */
  readonly mountRequirement: number;
  /** The empty string where the secret arrives as a file. */
  readonly envVar: string;
}

/**
 * A secret as `TaskTemplate.security_context.secrets` lists it. With a variable it travels as ENV_VAR, even where a
 * mount was given too, as the official SDK has it (`_internal/runtime/task_serde.py`).
 */
export function secretToWire(secret: Secret): SecretWire & { readonly mountRequirement: 1 | 2 } {
  const { ENV_VAR, FILE } = SECRET_MOUNT_TYPE;
  return {
    group: secret.group ?? '',
    key: secret.key,
    mountRequirement: secret.asEnvVar === undefined ? FILE : ENV_VAR,
    envVar: secret.asEnvVar ?? '',
  };
}

/**
 * The secret that a task of any SDK declared. All checks of {@link Secret} apply again: the declaration may come from
 * an SDK without them. ANY counts as FILE where no variable is named, which is what Flyte's webhook makes of it.
 *
 * @throws FlyteError `invalid_configuration` where the names would leave the mount or steer the process
 */
export function secretFromWire(wire: SecretWire): Secret {
  const { key, group } = wire;
  if (wire.envVar !== '') return new Secret({ key, group, asEnvVar: wire.envVar });
  if (wire.mountRequirement === SECRET_MOUNT_TYPE.ENV_VAR) return new Secret({ key, group });
  return new Secret({ key, group, mount: SECRETS_MOUNT });
}
