import { createHash } from 'node:crypto';
import { brand } from '../errors/brand.js';
import { FlyteError } from '../errors/flyte-error.js';
import { assertStaysInside, pathHazard, quoted } from '../protocol/path-hazard.js';
import { type Environment, readSecret, SECRETS_MOUNT, secretFiles } from './read-secret.js';
import { steeredBy } from './steering-variables.js';

/** How a {@link Secret} is declared. */
export interface SecretFields {
  /** The secret's name in Flyte's store. May be an ARN or a Vault path where the store knows those. */
  readonly key: string;
  /** The folder of the key, in stores that have folders. */
  readonly group?: string | undefined;
  /** `/etc/flyte/secrets`, to receive the secret as the file `<group>/<key>` under it. No other mount is supported. */
  readonly mount?: string | undefined;
  /**
   * The variable to receive the secret in, `^[A-Z_][A-Z0-9_]*$`. Without it and without a mount: `GROUP_KEY`, or `KEY`,
   * in upper case with `-` as `_`. Together with a mount, the secret arrives as a variable only, as Flyte has it.
   */
  readonly asEnvVar?: string | undefined;
}

const FIELDS = ['key', 'group', 'mount', 'asEnvVar'] as const;
const VARIABLE = /^[A-Z_][A-Z0-9_]*$/;
const branded = brand<Secret>('Secret');

/**
 * Names a secret that a task or an image needs, and how it arrives. It holds names only, never a value; it is frozen,
 * and equal to another by value. Rules and messages are those of the official SDK's `flyte.Secret`, and stricter where
 * a name would leave the mount or steer the process.
 *
 * @throws FlyteError `invalid_configuration` from the constructor, naming the field, what was given and a valid example
 */
export class Secret {
  /** The secret's name in Flyte's store. */
  readonly key: string;
  /** The folder of the key, if any. */
  readonly group: string | undefined;
  /** `/etc/flyte/secrets` where a mount was asked for. */
  readonly mount: string | undefined;
  /** The variable that carries the secret, given or derived; undefined where it arrives as a file. */
  readonly asEnvVar: string | undefined;

  constructor(fields: SecretFields) {
    const { key, group, mount, asEnvVar } = checkedFields(fields);
    this.key = key;
    this.group = group;
    this.mount = mount;
    const derived = mount === undefined && asEnvVar === undefined;
    this.asEnvVar = derived ? defaultVariable(key, group) : asEnvVar;
    if (this.asEnvVar !== undefined) checkVariable(this.asEnvVar, derived ? this : undefined);
    assertStaysInside('Secret field key', key);
    if (group !== undefined) assertStaysInside('Secret field group', group);
    branded.mark(this);
    Object.freeze(this);
  }

  /** Whether a value is a Secret, of this copy of the library or of another one in the same process. */
  static is(value: unknown): value is Secret {
    return branded.is(value);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return Secret.is(value);
  }

  /** The same as `asEnvVar`, by the name the wire uses. */
  get envVar(): string | undefined {
    return this.asEnvVar;
  }

  /** Where the secret's file may stand under the folder of secrets, in the order of looking. */
  get files(): readonly string[] {
    return secretFiles(this.key, this.group);
  }

  /** Whether both name the same secret and receive it the same way. */
  equals(other: unknown): boolean {
    return Secret.is(other) && FIELDS.every((field) => this[field] === other[field]);
  }

  /** Hex SHA-256 of key, group, mount and variable joined by `|`: the same in every process and in the Python SDK. */
  stableHash(): string {
    return createHash('sha256')
      .update(FIELDS.map((field) => this[field] ?? '').join('|'))
      .digest('hex');
  }

  /**
   * The secret's text, inside a task that declares it. Nothing is trimmed.
   *
   * @param env variables to look in; those of the process without it
   * @throws FlyteError `failed_precondition` where it is absent, listing where it looked, or is not UTF-8
   */
  read(env: Environment = process.env): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.readBytes(env));
    } catch (error) {
      if (FlyteError.is(error)) throw error;
      // The cause is left out: whatever a decoder says about its input does not belong in a log.
      throw new FlyteError('failed_precondition', `${this.toString()} is not UTF-8 text: use readBytes().`);
    }
  }

  /**
   * The secret's bytes, inside a task that declares it.
   *
   * @param env variables to look in; those of the process without it
   * @throws FlyteError `failed_precondition` where it is absent, listing where it looked
   */
  readBytes(env: Environment = process.env): Uint8Array {
    return readSecret(this.toString(), this, env);
  }

  /** Names only, such as `Secret user-creds/ssh-key as a file`. */
  toString(): string {
    const path = this.group === undefined ? this.key : `${this.group}/${this.key}`;
    return `Secret ${path} as ${this.asEnvVar ?? 'a file'}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `[${this.toString()}]`;
  }
}

/** The fields as given, each of its type, the empty ones left out as in Python, the mount as `pathlib` writes it. */
function checkedFields(fields: SecretFields): SecretFields {
  if (typeof fields !== 'object' || fields === null) {
    throw wrong(
      `Secret takes an object, and was given ${quoted(fields)}; a valid example: new Secret({ key: "my-key" }).`,
    );
  }
  const unknown = Object.keys(fields).find((name) => !FIELDS.some((field) => field === name));
  if (unknown !== undefined) {
    throw wrong(`Secret has no field ${quoted(unknown)}. Its fields are ${FIELDS.join(', ')}.`);
  }
  for (const field of FIELDS) {
    if ((field === 'key' || fields[field] != null) && typeof fields[field] !== 'string') {
      throw wrong(
        `Secret field ${field} takes text, and was given ${quoted(fields[field])}; a valid example: ${example(field)}.`,
      );
    }
  }
  if (fields.key === '') throw wrong(`Secret field key is empty; a valid example: ${example('key')}.`);
  const mount = fields.mount == null ? undefined : normalizedPath(fields.mount);
  if (mount !== undefined && mount !== SECRETS_MOUNT) {
    throw wrong(
      `Only ${SECRETS_MOUNT} is supported as secret mount path today. ` +
        `Field mount was given ${quoted(fields.mount)}; a valid example: ${example('mount')}.`,
    );
  }
  return { key: fields.key, group: fields.group || undefined, mount, asEnvVar: fields.asEnvVar || undefined };
}

function defaultVariable(key: string, group: string | undefined): string {
  return (group === undefined ? key : `${group}_${key}`).replaceAll('-', '_').toUpperCase();
}

/** @param derivedFrom the secret whose names gave the variable's, where nobody named it */
function checkVariable(name: string, derivedFrom: SecretFields | undefined): void {
  const steered = steeredBy(name);
  if (VARIABLE.test(name) && steered === undefined) return;
  // JSON.stringify leaves a sound name as it is and escapes what would break a log line.
  const shown = quoted(name).slice(1, -1);
  const sentence =
    steered === undefined
      ? `Invalid environment variable name: ${shown}, must match ${VARIABLE.source}.`
      : `Environment variable ${shown} is obeyed by ${steered}, so no secret may set it.`;
  if (derivedFrom === undefined) {
    throw wrong(`${sentence} Field asEnvVar was given ${quoted(name)}; a valid example: ${example('asEnvVar')}.`);
  }
  const { key, group } = derivedFrom;
  const hazard = pathHazard(key);
  const suggestion = JSON.stringify(`SECRET_${name.replaceAll(/[^A-Z0-9_]+/g, '_').slice(0, 40)}`);
  throw wrong(
    `${sentence} It was derived from field key, given ${quoted(key)}` +
      (group === undefined ? '' : `, and field group, given ${quoted(group)}`) +
      (hazard === undefined
        ? `; name the variable yourself, a valid example: asEnvVar: ${suggestion}.`
        : `. The key ${hazard}, which no key may; a valid example: ${example('key')}.`),
  );
}

/** A path as Python's `pathlib` writes it: no empty and no `.` segments, two leading slashes kept as POSIX has it. */
function normalizedPath(path: string): string {
  const root = /^\/\/(?!\/)/.test(path) ? '//' : path.startsWith('/') ? '/' : '';
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return root + segments.join('/');
}

function example(field: keyof SecretFields): string {
  const values = { key: 'my-api-key', group: 'my-team', mount: SECRETS_MOUNT, asEnvVar: 'MY_API_KEY' };
  return `${field}: "${values[field]}"`;
}

function wrong(message: string): FlyteError {
  return new FlyteError('invalid_configuration', message);
}
