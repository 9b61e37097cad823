import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient, type Transport } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import {
  OverallStatus,
  type Secret as Message,
  type SecretIdentifier,
  type SecretSpec,
} from '../../gen/flyteidl2/secret/definition_pb.js';
import { SecretService as Secrets } from '../../gen/flyteidl2/secret/secret_pb.js';
import { Redactor } from '../../protocol/redactor.js';
import { kindOf } from '../../literals/at.js';
import type { Secret } from '../../secrets/secret.js';
import { secretNameProblem, secretValueProblem } from '../../secrets/secret-limits.js';
import type { CallOptions } from '../connection/call-options.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
import { projectIdOf, type PartialProjectId } from '../options/project-id.js';

/** A secret in Flyte's store, without its value: the store never gives one back. */
export class StoredSecret {
  readonly name: string = '';
  /** Empty for one that is not of a project. */
  readonly project: string = '';
  /** Empty for a global one. */
  readonly domain: string = '';
  readonly createdAt: Date | undefined = undefined;
  /** Whether it has reached every cluster. */
  readonly present: boolean = false;
}

/** Options of calls about secrets. */
export interface SecretOptions extends CallOptions {
  /** The project, in place of the client's. */
  readonly project?: string;
  /** The domain, in place of the client's. */
  readonly domain?: string;
  /**
   * Whose secret it is: `project` (of a project in a domain), `domain` (of every project in it), or `global`. `project`
   * if not given. A task finds the secret of its project first, then that of its domain, then the global one.
   */
  readonly scope?: 'project' | 'domain' | 'global';
}

/** Options of {@link SecretService.list}. */
export interface ListSecretsOptions extends SecretOptions {
  /** How many secrets one call to Flyte brings. 100 if not given. */
  readonly pageSize?: number;
}

/** Flyte's store of secrets. The Python SDK's `flyte.remote.Secret`. */
export abstract class SecretService {
  /**
   * Stores a new secret.
   *
   * @param name 1 or more of letters, digits, `-` and `_`, fewer than 213 with the project and the domain; or the
   * {@link Secret} that tasks declare, for its key and for how it arrives
   * @param value text, or bytes; never put into a message or a log. A variable takes 128 KiB of text, with its name; a file
   * 96 KiB, with all other files of its task. What is too long for what the secret is declared as, or for both where only a
   * name is given, is refused: a pod that was to receive it would never start
   * @throws FlyteError `already_exists`; `invalid_argument`; `misuse` if there is no project or domain
   */
  abstract create(name: string | Secret, value: string | Uint8Array, options?: SecretOptions): Promise<void>;
  /** Stores a secret, in place of the one of that name if there is one. Throws as {@link create} does. */
  abstract put(name: string | Secret, value: string | Uint8Array, options?: SecretOptions): Promise<void>;
  /**
   * Replaces a secret.
   *
   * @throws FlyteError `not_found`
   */
  abstract update(name: string | Secret, value: string | Uint8Array, options?: SecretOptions): Promise<void>;
  /**
   * What is known of a secret, except its value.
   *
   * @throws FlyteError `not_found`
   */
  abstract get(name: string | Secret, options?: SecretOptions): Promise<StoredSecret>;
  /** The secrets of a scope, page after page as they are read, each page as the caller of `list`. */
  abstract list(options?: ListSecretsOptions): AsyncIterable<StoredSecret>;
  /**
   * Removes a secret. Tasks that run already keep what they were given.
   *
   * @throws FlyteError `not_found`
   */
  abstract delete(name: string | Secret, options?: SecretOptions): Promise<void>;
}

const NAME = /^[-a-zA-Z0-9_]+$/;
/** A create and an update may each meet someone else's delete or create; more often than this it is no accident. */
const PUT_ATTEMPTS = 3;

/** The service over a transport that adds the caller. */
export function createSecretService(transport: Transport, defaults: PartialProjectId): SecretService {
  const client = createClient(Secrets, transport);
  const identify = (what: string, name: string | Secret, options: SecretOptions): Identifier => ({
    name: checkName(what, typeof name === 'string' ? name : name.key),
    ...placeOf(what, defaults, options),
  });
  const write = async (
    method: 'createSecret' | 'updateSecret',
    id: Identifier,
    secretSpec: Pick<SecretSpec, 'value'>,
    options: SecretOptions,
  ): Promise<void> => {
    try {
      await client[method]({ id, secretSpec }, callOptions(options));
    } catch (error) {
      throw await withoutValue(error, secretSpec.value);
    }
  };
  return {
    async create(name, value, options = {}) {
      const id = identify('SecretService.create', name, options);
      await write('createSecret', id, specOf(id, name, value), options);
    },
    async update(name, value, options = {}) {
      const id = identify('SecretService.update', name, options);
      await write('updateSecret', id, specOf(id, name, value), options);
    },
    async put(name, value, options = {}) {
      const id = identify('SecretService.put', name, options);
      const spec = specOf(id, name, value);
      for (let attempt = 1; ; attempt += 1) {
        // oxlint-disable no-await-in-loop -- the next depends on the one before
        const created = await unless('already_exists', write('createSecret', id, spec, options));
        if (created) return;
        const last = attempt === PUT_ATTEMPTS;
        const updated = await unless(last ? undefined : 'not_found', write('updateSecret', id, spec, options));
        if (updated) return;
        // oxlint-enable no-await-in-loop
      }
    },
    async get(name, options = {}) {
      const id = identify('SecretService.get', name, options);
      const { secret } = await client.getSecret({ id }, callOptions(options));
      if (!secret) throw new FlyteError('internal', `Flyte answered without the secret ${JSON.stringify(id.name)}.`);
      return toStoredSecret(secret);
    },
    list(options = {}) {
      const { organization, project, domain } = placeOf('SecretService.list', defaults, options);
      const limit = options.pageSize ?? PAGE_SIZE;
      const request = { organization, project, domain, limit };
      return pages(async (token) => {
        const { secrets, token: next } = await client.listSecrets({ ...request, token }, callOptions(options));
        // Flyte's own store also lists the secrets of projects where those of a domain are asked for, and so on.
        const belongs = (secret: StoredSecret): boolean => secret.project === project && secret.domain === domain;
        return { items: secrets.map(toStoredSecret).filter(belongs), next };
      });
    },
    async delete(name, options = {}) {
      await client.deleteSecret({ id: identify('SecretService.delete', name, options) }, callOptions(options));
    },
  };
}

type Identifier = Pick<SecretIdentifier, 'name' | 'organization' | 'project' | 'domain'>;

/** A secret that everybody may use is made on purpose only: a forgotten project is an error, not the global scope. */
function placeOf(what: string, defaults: PartialProjectId, options: SecretOptions): Omit<Identifier, 'name'> {
  const { scope = 'project', project = defaults.project, domain = defaults.domain } = options;
  const organization = defaults.org ?? '';
  if (scope === 'global') return { organization, project: '', domain: '' };
  if (scope === 'domain') {
    if (!domain) throw new FlyteError('misuse', `${what}: no domain. Pass it, or give FlyteModule "domain".`);
    return { organization, project: '', domain };
  }
  const { org: _, ...place } = projectIdOf(what, { ...defaults, project, domain });
  return { organization, ...place };
}

/** The name is not quoted: who mixes up the two arguments must not find the value in a log. */
function checkName(what: string, name: string): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new FlyteError(
    'invalid_argument',
    `${what}: the name may have letters, digits, "-" and "_" only, and at least one of them; a valid example: "openai-key".`,
  );
}

function specOf(id: Identifier, secret: string | Secret, value: unknown): Pick<SecretSpec, 'value'> {
  if (value instanceof Uint8Array) {
    requireStorable(id, secret, value);
    return { value: { case: 'binaryValue', value } };
  }
  if (typeof value !== 'string') {
    throw new FlyteError('invalid_argument', `The value of a secret is text or bytes, not ${kindOf(value)}.`);
  }
  if (/\p{Cs}/u.test(value)) {
    throw new FlyteError('invalid_argument', 'The value of a secret is no well-formed text. Pass its bytes.');
  }
  requireStorable(id, secret, Buffer.from(value));
  return { value: { case: 'stringValue', value } };
}

/** Flyte would store up to 1 MiB, and start the pod of a task that declares it again and again. */
function requireStorable(id: Identifier, secret: string | Secret, value: Uint8Array): void {
  const problem = secretNameProblem(id) ?? secretValueProblem(secret, value);
  if (problem !== undefined) throw new FlyteError('invalid_argument', problem);
}

/** Whoever stores it may quote what it was sent. */
async function withoutValue(error: unknown, { value }: SecretSpec['value']): Promise<unknown> {
  if (!FlyteError.is(error) || value === undefined) return error;
  const redactor = await Redactor.of([value]);
  const hide = (text: string): string => redactor.redact(text);
  return new FlyteError(error.code, hide(error.message), {
    detail: error.detail === undefined ? undefined : hide(error.detail),
  });
}

async function unless(code: FlyteError['code'] | undefined, call: Promise<void>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (code !== undefined && FlyteError.is(error) && error.code === code) return false;
    throw error;
  }
}

function callOptions({ signal, timeoutMs }: SecretOptions): CallOptions {
  return { signal, timeoutMs };
}

function toStoredSecret({ id, secretMetadata }: Message): StoredSecret {
  return Object.assign(new StoredSecret(), {
    name: id?.name ?? '',
    project: id?.project ?? '',
    domain: id?.domain ?? '',
    createdAt: secretMetadata?.createdTime && timestampDate(secretMetadata.createdTime),
    present: secretMetadata?.secretStatus?.overallStatus === OverallStatus.FULLY_PRESENT,
  });
}
