import { clone, create, toBinary } from '@bufbuild/protobuf';
import { DomainSchema, ProjectSchema, type Domain, type Project } from 'nestjs-flyte/idl/project/project_service';
import { LabelsSchema } from 'nestjs-flyte/idl/task/run';
import type { LocalDatabase } from '../state/local-database.js';
import type { SqlRow, SqlValue } from '../state/sql.js';
import { storedMessage } from '../state/stored-message.js';
import type { ProjectQuery } from './project-query.js';

/** Every project has these, and no call changes them. */
const DOMAINS = ['development', 'staging', 'production'];

/** The projects in the plane's database. */
export class ProjectStore {
  /** @param database the plane's database */
  constructor(private readonly database: LocalDatabase) {}

  /** Adds a project; false if its id is taken. */
  create(project: Project): boolean {
    const now = new Date().toISOString();
    const changes = this.database.run(
      `INSERT INTO projects (name, description, labels, state, message, updated_at, created_at, identifier)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identifier) DO NOTHING`,
      [...columnsOf(project), now, now, project.id],
    );
    return changes > 0;
  }

  /** Replaces a project as a whole; false if there is none of its id. */
  update(project: Project): boolean {
    const changes = this.database.run(
      `UPDATE projects SET name = ?, description = ?, labels = ?, state = ?, message = ?, updated_at = ?
       WHERE identifier = ?`,
      [...columnsOf(project), new Date().toISOString(), project.id],
    );
    return changes > 0;
  }

  /** One project, archived or not. */
  get(id: string): Project | undefined {
    const row = this.database.get('SELECT identifier, message FROM projects WHERE identifier = ?', [id]);
    return row === undefined ? undefined : toProject(row);
  }

  /**
   * A page of projects.
   *
   * @param query which ones, in which order
   * @param only the ids that the caller may see; undefined means all
   */
  list(query: ProjectQuery, only: ReadonlySet<string> | undefined): Project[] {
    const conditions = query.conditions.map(([sql]) => sql);
    const parameters: SqlValue[] = query.conditions.flatMap(([, values]) => values ?? []);
    if (only !== undefined) {
      conditions.push(`identifier IN (${Array.from(only, () => '?').join(', ')})`);
      parameters.push(...only);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    // SQLite reads a negative limit as none.
    const rows = this.database.all(
      `SELECT identifier, message FROM projects ${where} ORDER BY ${query.order}sequence LIMIT ? OFFSET ?`,
      [...parameters, query.limit === 0 ? -1 : query.limit, query.offset],
    );
    return rows.map(toProject);
  }
}

function columnsOf(project: Project): SqlValue[] {
  const labels = project.labels === undefined ? new Uint8Array() : toBinary(LabelsSchema, project.labels);
  // A copy, since the message belongs to the request. Unknown fields come along.
  const stored = clone(ProjectSchema, project);
  stored.domains = [];
  return [project.name, project.description, labels, project.state, toBinary(ProjectSchema, stored)];
}

function toProject(row: SqlRow): Project {
  const what = `The record of the project ${JSON.stringify(row['identifier'])}`;
  const remedy = "Update that project, which replaces it, or delete its row of the database's table `projects`.";
  const project = storedMessage(ProjectSchema, row, 'message', what, remedy);
  project.domains = DOMAINS.map((id): Domain => create(DomainSchema, { id, name: id }));
  return project;
}
