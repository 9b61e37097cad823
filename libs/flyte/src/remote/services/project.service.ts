import { createClient, type Transport } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import {
  ProjectService as Projects,
  ProjectState,
  type Project as Message,
} from '../../gen/flyteidl2/project/project_service_pb.js';
import type { CallOptions } from '../connection/call-options.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';

/** A part of a project: `development`, `staging`, `production` in most installations. */
export interface Domain {
  readonly id: string;
  readonly name: string;
}

/** A project of Flyte. */
export class Project {
  readonly id: string = '';
  /** The name to show. */
  readonly name: string = '';
  readonly description: string = '';
  readonly org: string = '';
  readonly domains: readonly Domain[] = [];
  readonly labels: Readonly<Record<string, string>> = {};
  /** Archived projects are hidden from lists unless a filter asks for them. */
  readonly archived: boolean = false;
}

/** Options of {@link ProjectService.list}. */
export interface ListProjectsOptions extends CallOptions {
  /** How many projects one call to Flyte brings. 100 if not given. */
  readonly pageSize?: number;
  /** Flyte's own filter expression, such as `eq(name,flytesnacks)`. */
  readonly filters?: string;
}

/** The projects that the caller may see. The Python SDK's `flyte.remote.Project`. */
export abstract class ProjectService {
  /**
   * All projects, page after page as they are read. Every page is asked for as the caller of `list`, wherever it is read.
   *
   * @throws FlyteError when it is read: `misuse` outside any scope, or as Flyte answers
   */
  abstract list(options?: ListProjectsOptions): AsyncIterable<Project>;
  /**
   * One project.
   *
   * @param id the module's or the narrowed client's project if not given
   * @throws FlyteError `not_found`; `misuse` if there is no project to ask for
   */
  abstract get(id?: string, options?: CallOptions): Promise<Project>;
}

/** The service over a transport that adds the caller. */
export function createProjectService(
  transport: Transport,
  defaults: { readonly org?: string; readonly project?: string },
): ProjectService {
  const client = createClient(Projects, transport);
  return {
    list({ pageSize = PAGE_SIZE, filters, ...options } = {}) {
      return pages(async (token) => {
        const { projects } = await client.listProjects({ org: defaults.org, limit: pageSize, filters, token }, options);
        return { items: (projects?.projects ?? []).map(toProject), next: projects?.token ?? '' };
      });
    },
    async get(id = defaults.project, options) {
      if (!id)
        throw new FlyteError('misuse', 'ProjectService.get: no project. Pass its id, or give FlyteModule "project".');
      const { project } = await client.getProject({ id, org: defaults.org }, options);
      if (!project) throw new FlyteError('internal', `Flyte answered without the project ${JSON.stringify(id)}.`);
      return toProject(project);
    },
  };
}

function toProject(message: Message): Project {
  return Object.assign(new Project(), {
    id: message.id,
    name: message.name,
    description: message.description,
    org: message.org,
    domains: message.domains.map(({ id, name }) => ({ id, name })),
    labels: message.labels?.values ?? {},
    archived: [ProjectState.ARCHIVED, ProjectState.SYSTEM_ARCHIVED].includes(message.state),
  });
}
