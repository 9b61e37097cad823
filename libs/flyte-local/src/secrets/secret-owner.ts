import { Code, ConnectError } from '@connectrpc/connect';
import { secretNameProblem, secretValueProblem } from 'nestjs-flyte/protocol';

/** Whose a secret is. Both texts empty: global; a domain alone: all projects of that domain. */
export interface SecretOwner {
  /** A project's id, or empty. */
  readonly project: string;
  /** A domain's id, or empty; required where there is a project. */
  readonly domain: string;
}

/** The name of a stored secret. */
export interface SecretId extends SecretOwner {
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
 * Refuses an owner that Flyte does not have.
 *
 * @throws ConnectError `invalid_argument` for a project without a domain
 */
export function requireOwner({ project, domain }: SecretOwner): void {
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
  requireOwner(id);
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

/** Those whose secrets a task of a project and domain finds, nearest first. */
export function lookupOwners(project: string, domain: string): readonly SecretOwner[] {
  return [
    { project, domain },
    { project: '', domain },
    { project: '', domain: '' },
  ];
}

/** An owner in words. */
export function describeOwner({ project, domain }: SecretOwner): string {
  if (project !== '') return `project ${JSON.stringify(project)} in domain ${JSON.stringify(domain)}`;
  return domain === '' ? 'global' : `domain ${JSON.stringify(domain)}`;
}
