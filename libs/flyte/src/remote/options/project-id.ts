import { FlyteError } from '../../errors/flyte-error.js';

/** Where in Flyte a call takes place, as far as anybody said. */
export interface Scope {
  readonly org?: string | undefined;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
}

/** A place to run tasks in. */
export interface FullScope {
  readonly org: string;
  readonly project: string;
  readonly domain: string;
}

/**
 * A scope with nothing left open.
 *
 * @param what was called, to begin the message with
 * @throws FlyteError `misuse`
 */
export function fullScope(what: string, { org, project, domain }: Scope): FullScope {
  if (project && domain) return { org: org ?? '', project, domain };
  const missing = [...(project ? [] : ['project']), ...(domain ? [] : ['domain'])].join(' and no ');
  throw new FlyteError(
    'misuse',
    `${what}: no ${missing}. Pass them, narrow the client by with({ project, domain }), or give them to FlyteModule.`,
  );
}
