import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import {
  OverallStatus,
  SecretSchema,
  SecretPresenceStatus,
  type Secret,
  type SecretIdentifier,
  type SecretSpec,
} from 'nestjs-flyte/idl/secret/definition';
import { SecretService } from 'nestjs-flyte/idl/secret/secret';
import { callerOf, requireProject } from '../calls/caller-context.js';
import {
  requireOwner,
  requireSecretId,
  requireStorable,
  type SecretId,
  type SecretOwner,
} from '../secrets/secret-owner.js';
import type { StoredSecret } from '../secrets/secret-store.js';
import type { PlaneService } from './plane-service.js';

/** Secrets, with the semantics of Flyte's open-source backend: values go in and never come out. */
export const secretService: PlaneService = {
  register(router, { engine }) {
    const store = engine.secrets;
    router.service(SecretService, {
      createSecret({ id, secretSpec }, { values }) {
        const given = requireId(id, values);
        const { value, type } = requireValue(given, secretSpec);
        if (store.create(given, value, type)) return {};
        throw new ConnectError('A secret of this name exists in this scope already.', Code.AlreadyExists);
      },
      updateSecret({ id, secretSpec }, { values }) {
        const given = requireId(id, values);
        const { value, type } = requireValue(given, secretSpec);
        if (store.update(given, value, type)) return {};
        throw notFound();
      },
      getSecret({ id }, { values }) {
        const secret = store.get(requireId(id, values));
        if (secret === undefined) throw notFound();
        return { secret: toMessage(secret, id?.organization ?? '') };
      },
      deleteSecret({ id }, { values }) {
        if (store.delete(requireId(id, values))) return {};
        throw notFound();
      },
      listSecrets({ organization, domain, project, limit, token }, { values }) {
        requireOwner({ project, domain });
        // Without a project the list spans scopes, and a limited token sees those of its own projects.
        if (project !== '') requireAccess(values, { project, domain });
        const offset = parseToken(token);
        const only = callerOf(values)?.projects;
        const secrets = store.list({ project, domain, limit: Math.max(0, limit), offset, only });
        const isFull = limit > 0 && secrets.length === limit;
        return {
          secrets: secrets.map((secret) => toMessage(secret, organization)),
          token: isFull ? String(offset + limit) : '',
        };
      },
    });
  },
};

function requireId(id: SecretIdentifier | undefined, values: ContextValues): SecretId {
  const { name = '', project = '', domain = '' } = id ?? {};
  requireSecretId({ name, project, domain });
  requireAccess(values, { project, domain });
  return { name, project, domain };
}

/** What every project can read belongs to none, so a token that is limited to some may not touch it. */
function requireAccess(values: ContextValues, { project }: SecretOwner): void {
  if (project !== '') return requireProject(values, project);
  if (callerOf(values)?.projects === undefined) return;
  throw new ConnectError(
    'The token is limited to projects, and may not touch secrets that all projects share.',
    Code.PermissionDenied,
  );
}

function requireValue(
  id: SecretId,
  spec: SecretSpec | undefined,
): { readonly value: Uint8Array; readonly type: number } {
  const given = spec?.value;
  if (spec === undefined || given?.case === undefined) {
    throw new ConnectError('The request has no value: set string_value or binary_value.', Code.InvalidArgument);
  }
  const value = given.case === 'stringValue' ? new TextEncoder().encode(given.value) : given.value;
  requireStorable(id, value);
  return { value, type: spec.type };
}

function parseToken(token: string): number {
  if (/^\d{0,15}$/.test(token)) return Number(token);
  throw new ConnectError('The page token is not one that ListSecrets gave.', Code.InvalidArgument);
}

function toMessage({ name, project, domain, type, createdAt }: StoredSecret, organization: string): Secret {
  return create(SecretSchema, {
    id: { name, project, domain, organization },
    secretMetadata: {
      createdTime: timestampFromDate(createdAt),
      type,
      // One plane is the only cluster there is.
      secretStatus: {
        overallStatus: OverallStatus.FULLY_PRESENT,
        clusterStatus: [{ cluster: { name: 'local' }, presenceStatus: SecretPresenceStatus.PRESENT }],
      },
    },
  });
}

/** Without the name: it came from the request, where people paste values into the wrong field. */
function notFound(): ConnectError {
  return new ConnectError('There is no secret of this name in this scope.', Code.NotFound);
}
