import { FlyteError } from '../../errors/flyte-error.js';

/** The project and domain that a call is about, as far as anybody said. */
export interface PartialProjectId {
  readonly org?: string | undefined;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
}

/** A project in a domain, as Flyte's `ProjectIdentifier` names it: where tasks run. */
export interface ProjectId {
  readonly org: string;
  readonly project: string;
  readonly domain: string;
}

/**
 * The project and domain of a call that needs both.
 *
 * @param what was called, to begin the message with
 * @throws FlyteError `misuse`
 */
export function projectIdOf(what: string, { org, project, domain }: PartialProjectId): ProjectId {
  if (project && domain) return { org: org ?? '', project, domain };
  const missing = [...(project ? [] : ['project']), ...(domain ? [] : ['domain'])].join(' and no ');
  throw new FlyteError(
    'misuse',
    `${what}: no ${missing}. Pass them, narrow the client by with({ project, domain }), or give them to FlyteModule.`,
  );
}
