import { Code, ConnectError } from '@connectrpc/connect';
import { secretNameProblem, secretValueProblem } from 'nestjs-flyte/protocol';

/** Where a secret is stored. Both texts empty: global; a domain alone: all projects of that domain. */
export interface SecretScope {
  /** A project's id, or empty. */
  readonly project: string;
  /** A domain's id, or empty; required where there is a project. */
  readonly domain: string;
}

/** The name of a stored secret. */
export interface SecretId extends SecretScope {
  /** What a declaration calls the key. */
  readonly name: string;
}

/** What Flyte's interface definition allows as a name. */
const NAME = /^[-a-zA-Z0-9_]+$/;

/** Whether a secret of such a name can be stored at all; ARNs and Vault paths belong to other stores. */
export function isStorableName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Refuses a scope that Flyte does not have.
 *
 * @throws ConnectError `invalid_argument` for a project without a domain
 */
export function requireScope({ project, domain }: SecretScope): void {
  if (project === '' || domain !== '') return;
  throw new ConnectError(
    `The secret's scope has the project ${JSON.stringify(project)} and no domain. A scope is global, a domain, or a ` +
      'project in a domain.',
    Code.InvalidArgument,
  );
}

/**
 * Refuses an id that can't name a stored secret. The message does not quote the name: people paste values into the wrong
 * field.
 *
 * @throws ConnectError `invalid_argument`
 */
export function requireSecretId(id: SecretId): void {
  requireScope(id);
  if (isStorableName(id.name)) return;
  throw new ConnectError(
    'A secret\'s name has letters, digits, "-" and "_", and at least one of them (^[-a-zA-Z0-9_]+$); this one has not.',
    Code.InvalidArgument,
  );
}

/**
 * Refuses what Flyte can't store, and a value that no task could receive, neither in a variable nor as a file.
 *
 * @throws ConnectError `invalid_argument`
 */
export function requireStorable(id: SecretId, value: Uint8Array): void {
  const problem = secretNameProblem(id) ?? secretValueProblem(id.name, value);
  if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
}

/** The scopes in which a task of a project and domain finds its secrets, nearest first. */
export function lookupScopes(project: string, domain: string): readonly SecretScope[] {
  return [
    { project, domain },
    { project: '', domain },
    { project: '', domain: '' },
  ];
}

/** A scope in words. */
export function describeScope({ project, domain }: SecretScope): string {
  if (project !== '') return `project ${JSON.stringify(project)} in domain ${JSON.stringify(domain)}`;
  return domain === '' ? 'global' : `domain ${JSON.stringify(domain)}`;
}
