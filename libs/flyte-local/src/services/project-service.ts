import { Code, ConnectError } from '@connectrpc/connect';
import { ProjectService, type Project } from 'nestjs-flyte/idl/project/project_service';
import { callerOf, requireProject } from '../calls/caller-context.js';
import type { PlaneService } from './plane-service.js';
import { parseProjectQuery } from './project-query.js';
import { ProjectStore } from './project-store.js';

/** The longest description that Flyte's database takes, in characters. */
const MAX_DESCRIPTION = 300;

/** Projects, with the semantics of Flyte's open-source backend. */
export const projectService: PlaneService = {
  anonymousReads: [ProjectService.method.getProject, ProjectService.method.listProjects],
  register(router, { database }) {
    const store = new ProjectStore(database);
    router.service(ProjectService, {
      createProject({ project }, { values }) {
        const given = requireValid(project);
        requireProject(values, given.id);
        if (!store.create(given)) {
          throw new ConnectError(`The project ${JSON.stringify(given.id)} exists already.`, Code.AlreadyExists);
        }
        return {};
      },
      updateProject({ project }, { values }) {
        const given = requireValid(project);
        requireProject(values, given.id);
        if (!store.update(given)) throw notFound(given.id);
        return {};
      },
      getProject({ id }, { values }) {
        if (id === '') throw new ConnectError('The request has no id.', Code.InvalidArgument);
        requireProject(values, id);
        const project = store.get(id);
        if (project === undefined) throw notFound(id);
        return { project };
      },
      listProjects(request, { values }) {
        const query = parseProjectQuery(request);
        const projects = store.list(query, callerOf(values)?.projects);
        // As upstream, a full page has a token even when nothing follows: the next page is empty then.
        const full = query.limit > 0 && projects.length === query.limit;
        return { projects: { projects, token: full ? String(query.offset + query.limit) : '' } };
      },
    });
  },
};

function requireValid(project: Project | undefined): Project {
  if (project === undefined || project.id === '') {
    throw new ConnectError('The request has no project with an id.', Code.InvalidArgument);
  }
  if (Array.from(project.description).length > MAX_DESCRIPTION) {
    throw new ConnectError(`A project's description has at most ${MAX_DESCRIPTION} characters.`, Code.InvalidArgument);
  }
  return project;
}

function notFound(id: string): ConnectError {
  return new ConnectError(`There is no project ${JSON.stringify(id)}.`, Code.NotFound);
}
