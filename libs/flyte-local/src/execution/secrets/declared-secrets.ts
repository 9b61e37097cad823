import { areFilesTooLong, FlyteError, isVariableTooLong, Secret, secretFromWire } from 'nestjs-flyte/protocol';
import type { SecurityContext } from 'nestjs-flyte/idl/core/security';
import type { SecretStore } from '../../secrets/secret-store.js';
import { describeOwner, isStorableName, lookupOwners } from '../../secrets/secret-owner.js';
import { AttemptRefused } from '../attempts/attempt-refused.js';

/** One secret of a task with its value. */
export interface ResolvedSecret {
  /** As the task declares it. */
  readonly secret: Secret;
  /** The stored bytes. */
  readonly value: Uint8Array;
}

/** What {@link resolveSecrets} takes. */
export interface SecretLookup {
  /** The run's project. */
  readonly project: string;
  /** The run's domain. */
  readonly domain: string;
  /** Where secrets are stored. */
  readonly store: SecretStore;
  /**
   * The flag that names the state folder to the command `secret`, with a blank before it; empty for the default folder,
   * undefined where no command reaches the state.
   */
  readonly stateFlag: string | undefined;
}

/**
 * The secrets that a task declares. Names are checked anew, whatever SDK wrote them.
 *
 * @throws AttemptRefused where a name would leave the folder of secrets or steer the process
 */
export function declaredSecrets(context: SecurityContext | undefined): Secret[] {
  try {
    const secrets = (context?.secrets ?? []).map(secretFromWire);
    return secrets.filter((secret, at) => secrets.findIndex((other) => secret.equals(other)) === at);
  } catch (error) {
    if (FlyteError.is(error)) throw new AttemptRefused(error.message);
    throw error;
  }
}

/**
 * The values of secrets, all of them.
 *
 * @throws AttemptRefused that names every secret that is missing, where it was looked for, and how to create it
 */
export function resolveSecrets(secrets: readonly Secret[], lookup: SecretLookup): ResolvedSecret[] {
  const { store, project, domain } = lookup;
  const missing: Secret[] = [];
  const resolved = secrets.flatMap((secret) => {
    const value = store.find(secret.key, project, domain);
    if (value === undefined) missing.push(secret);
    return value === undefined ? [] : [{ secret, value }];
  });
  if (missing.length > 0) throw new AttemptRefused(missing.map((secret) => missingMessage(secret, lookup)).join(' '));
  return resolved;
}

function missingMessage({ key, group }: Secret, { project, domain, stateFlag }: SecretLookup): string {
  const owners = lookupOwners(project, domain).map(describeOwner).join(', then ');
  const named = `The secret with key ${JSON.stringify(key)} and ${group === undefined ? 'no group' : `group ${JSON.stringify(group)}`}`;
  const looked = `${named} is not stored. Looked for the name ${JSON.stringify(key)} in: ${owners}.`;
  if (!isStorableName(key))
    return `${looked} It can't be created here: a stored name has letters, digits, "-" and "_" only.`;
  if (stateFlag === undefined) return `${looked} Create it by a call of SecretService.CreateSecret.`;
  const where = `--project ${quoteForShell(project)} --domain ${quoteForShell(domain)}${stateFlag}`;
  return `${looked} Create it: npx --no-install nestjs-flyte-local secret put ${quoteForShell(key)} ${where} < FILE`;
}

/** Messages are copied into shells, and projects may have any name. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The variables that carry secrets.
 *
 * @throws AttemptRefused where two claim one variable, or a variable can't carry the value; no value is ever quoted
 */
export function secretVariables(secrets: readonly ResolvedSecret[]): Record<string, string> {
  const variables: Record<string, string> = {};
  const claims = new Map<string, Secret>();
  for (const { secret, value } of secrets) {
    const name = secret.asEnvVar;
    if (name === undefined) continue;
    const claimed = claims.get(name);
    if (claimed !== undefined && claimed.key !== secret.key) {
      throw new AttemptRefused(
        `The secrets with keys ${JSON.stringify(claimed.key)} and ${JSON.stringify(secret.key)} both claim the variable ${name}.`,
      );
    }
    claims.set(name, secret);
    variables[name] = variableValue(name, secret, value);
  }
  return variables;
}

function variableValue(name: string, secret: Secret, value: Uint8Array): string {
  const refuse = (problem: string, remedy: string): AttemptRefused =>
    new AttemptRefused(
      `The value of the secret with key ${JSON.stringify(secret.key)} ${problem}, and no variable such as ${name} can ` +
        `carry that: ${remedy}.`,
    );
  const mount = 'use mount to receive it as a file (mount: "/etc/flyte/secrets")';
  if (value.includes(0)) throw refuse('holds a NUL byte', mount);
  if (isVariableTooLong(name, value.length)) {
    throw refuse('is longer than 128 KiB with the name', 'a file may have 96 KiB, so keep it elsewhere');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw refuse('is not valid UTF-8', mount);
  }
}

/**
 * The secrets that arrive as files.
 *
 * @throws AttemptRefused where they are too long together for Flyte's backend, whose pod would never start
 */
export function filedSecrets(secrets: readonly ResolvedSecret[]): ResolvedSecret[] {
  const filed = secrets.filter(({ secret }) => secret.asEnvVar === undefined);
  const sizes = filed.map(({ secret: { key }, value }) => ({ key, bytes: value.length }));
  if (!areFilesTooLong(sizes)) return filed;
  const listed = sizes.map(({ key, bytes }) => `${JSON.stringify(key)} ${bytes} bytes`).join(', ');
  throw new AttemptRefused(
    `The secret files of the task are too long: ${listed}. Together they may have 96 KiB, and some bytes less for their keys: ` +
      "Flyte's default secret manager hands all of them over in one variable. Keep large things elsewhere, and only what opens " +
      'them as a secret.',
  );
}
