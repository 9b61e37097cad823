import { create, toBinary, type UnknownField } from '@bufbuild/protobuf';
import { ProjectSchema, ProjectState, type ListProjectsRequest } from 'nestjs-flyte/idl/project/project_service';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsOf, failure } from './support.js';

type Clients = ReturnType<typeof clientsOf>;
type Query = Partial<Pick<ListProjectsRequest, 'limit' | 'token' | 'filters'>> & {
  sortBy?: { key: string; direction?: number };
};

describe('ProjectService', () => {
  let plane: LocalControlPlane;
  let projects: Clients['projects'];
  beforeAll(async () => {
    plane = await startLocalControlPlane({ port: 0, state: ':memory:' });
    projects = clientsOf(plane.url, await plane.token('alice')).projects;
    await projects.createProject({ project: { id: 'b', name: 'Beta 100%', description: 'second' } });
    await projects.createProject({ project: { id: 'a', name: 'alpha', labels: { values: { team: 'x' } } } });
    await projects.createProject({ project: { id: 'old', name: 'Old', state: ProjectState.ARCHIVED } });
  });
  afterAll(() => plane.close());

  async function ids(query: Query): Promise<string[]> {
    return ((await projects.listProjects(query)).projects?.projects ?? []).map(({ id }) => id);
  }

  it('begins with one project, and each has three domains whatever a client says', async () => {
    await projects.createProject({ project: { id: 'domains', domains: [{ id: 'mine', name: 'mine' }] } });
    for (const id of ['flytesnacks', 'domains']) {
      const { project } = await projects.getProject({ id });
      expect(project?.domains.map((domain) => domain.id)).toEqual(['development', 'staging', 'production']);
    }
    await projects.updateProject({ project: { id: 'domains', state: ProjectState.ARCHIVED } });
  });

  it.each<[Query, string[]]>([
    [{}, ['flytesnacks', 'b', 'a']],
    [{ filters: ' ' }, ['flytesnacks', 'b', 'a', 'old', 'domains']],
    [{ filters: 'eq(state,1)' }, ['old', 'domains']],
    [{ filters: 'ne(state,1)' }, ['flytesnacks', 'b', 'a']],
    [{ filters: 'value_in(state,0; 1)+eq(identifier,old)' }, ['old']],
    [{ filters: ' EQ( name , alpha ) ' }, ['a']],
    [{ filters: 'contains(name,lph)' }, ['a']],
    [{ filters: 'contains(name,LPH)' }, []],
    [{ filters: 'contains(name,%)' }, ['b']],
    [{ filters: "eq(name,' OR 1=1 --)" }, []],
    [{ filters: 'eq(name,)' }, ['domains']],
    [{ sortBy: { key: 'identifier' } }, ['flytesnacks', 'b', 'a']],
    [{ sortBy: { key: 'identifier', direction: 1 } }, ['a', 'b', 'flytesnacks']],
    [{ sortBy: { key: 'created_at', direction: 1 }, limit: 2 }, ['flytesnacks', 'b']],
    [{ limit: 2, token: '1' }, ['b', 'a']],
    [{ limit: 2, token: '99' }, []],
    [{ token: '2' }, ['a']],
    [{ limit: 4_294_967_295 }, ['flytesnacks', 'b', 'a']],
  ])('lists %j', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it.each<Query>([
    { token: '-1' },
    { token: 'x' },
    { token: '1x' },
    { token: '9'.repeat(16) },
    { filters: 'eq' },
    { filters: 'eq()' },
    { filters: 'eq(name)' },
    { filters: '(name,a)' },
    { filters: 'eq(name,a)x' },
    { filters: 'eq(name,a)+' },
    { filters: 'like(name,a)' },
    { filters: 'eq(secret,a)' },
    { filters: 'eq(name;DROP TABLE projects,a)' },
    { filters: `eq(name,${'x'.repeat(5000)})` },
    { sortBy: { key: 'message' } },
    { sortBy: { key: 'name; DROP TABLE projects' } },
  ])('refuses to list %j', async (query) => {
    expect(await failure(projects.listProjects(query))).toMatchObject({ code: 3 });
  });

  it('gives every project once, page by page, and an empty page at the end if the last one was full', async () => {
    const seen: string[] = [];
    let token = '';
    let pages = 0;
    do {
      const page = (await projects.listProjects({ limit: 1, token })).projects;
      seen.push(...(page?.projects ?? []).map(({ id }) => id));
      token = page?.token ?? '';
      pages += 1;
    } while (token !== '');
    expect(seen).toEqual(['flytesnacks', 'b', 'a']);
    expect(pages).toBe(4);
    expect((await projects.listProjects({ limit: 4 })).projects?.token).toBe('');
    expect((await projects.listProjects({})).projects?.token).toBe('');
  });

  it('creates a project once, and refuses one without an id', async () => {
    expect(await failure(projects.createProject({ project: { id: 'a' } }))).toMatchObject({ code: 6 });
    expect((await projects.getProject({ id: 'a' })).project?.name).toBe('alpha');
    expect(await failure(projects.createProject({}))).toMatchObject({ code: 3 });
    expect(await failure(projects.createProject({ project: { name: 'x' } }))).toMatchObject({ code: 3 });
    const long = { id: 'long', description: 'ä'.repeat(301) };
    expect(await failure(projects.createProject({ project: long }))).toMatchObject({ code: 3 });
  });

  it('of many creations of one id at once lets one win', async () => {
    const calls = Array.from({ length: 20 }, (_, at) =>
      projects.createProject({ project: { id: 'race', name: String(at) } }),
    );
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await projects.updateProject({ project: { id: 'race', state: ProjectState.ARCHIVED } });
  });

  it('replaces a project as a whole, and only one that exists', async () => {
    await projects.updateProject({ project: { id: 'b', name: 'Beta 100%' } });
    const { project } = await projects.getProject({ id: 'b' });
    expect(project).toMatchObject({ id: 'b', name: 'Beta 100%', description: '', state: ProjectState.ACTIVE });
    expect(await failure(projects.updateProject({ project: { id: 'nope' } }))).toMatchObject({ code: 5 });
    expect(await failure(projects.updateProject({}))).toMatchObject({ code: 3 });
    expect(await failure(projects.getProject({}))).toMatchObject({ code: 3 });
    expect(await failure(projects.getProject({ id: 'nope' }))).toMatchObject({ code: 5 });
  });

  it('keeps fields that it does not know, through get, update and list', async () => {
    const unknown: UnknownField = { no: 4000, wireType: 2, data: new Uint8Array([5, 104, 101, 108, 108, 111]) };
    const project = create(ProjectSchema, { id: 'future', labels: { values: { k: 'v' } } });
    project.$unknown = [unknown];
    await projects.createProject({ project });
    const got = (await projects.getProject({ id: 'future' })).project ?? project;
    await projects.updateProject({ project: { ...got, name: 'later' } });
    const listed = (await projects.listProjects({ filters: 'eq(identifier,future)' })).projects?.projects[0];
    expect(listed).toMatchObject({ name: 'later', labels: { values: { k: 'v' } } });
    expect(Buffer.from(toBinary(ProjectSchema, listed ?? project)).includes('hello')).toBe(true);
  });

  it('refuses a message that is no protobuf, and goes on', async () => {
    const headers = { 'content-type': 'application/proto', authorization: `Bearer ${await plane.token('alice')}` };
    const url = `${plane.url}/flyteidl2.project.ProjectService/CreateProject`;
    expect((await fetch(url, { method: 'POST', headers, body: new Uint8Array([255, 255, 255]) })).ok).toBe(false);
    await expect(projects.getProject({ id: 'flytesnacks' })).resolves.toBeDefined();
  });
});
