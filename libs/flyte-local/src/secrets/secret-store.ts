import type { LocalDatabase } from '../state/local-database.js';
import { bytesOf, type SqlRow, type SqlValue } from '../state/sql.js';
import { DamagedState } from '../state/state-problem.js';
import { seal, unseal } from './secret-cipher.js';
import { describeOwner, lookupOwners, type SecretId, type SecretOwner } from './secret-owner.js';

/** A stored secret without its value. */
export interface StoredSecret extends SecretId {
  /** A number of `flyteidl2.secret.SecretType`. */
  readonly type: number;
  /** When it was created; an update does not change it. */
  readonly createdAt: Date;
}

/** Which page of secrets to list. */
export interface SecretPage {
  /** Only those of this project; empty means any. */
  readonly project: string;
  /** Only those of this domain; empty means any. */
  readonly domain: string;
  /** The longest page; 0 means no limit. */
  readonly limit: number;
  /** How many to skip. */
  readonly offset: number;
  /** The projects that the caller may see; undefined means all, and what projects share too. */
  readonly only?: ReadonlySet<string> | undefined;
}

/** The secrets in the plane's database, each encrypted on its own. */
export class SecretStore {
  readonly #key: Uint8Array;

  /**
   * @param database the plane's database
   * @param key from `openSecretKey`
   */
  constructor(
    private readonly database: LocalDatabase,
    key: Uint8Array,
  ) {
    this.#key = key;
  }

  /** Adds a secret; false if its owner has one of that name. */
  create(id: SecretId, value: Uint8Array, type = 0): boolean {
    const now = new Date().toISOString();
    const changes = this.database.run(
      `INSERT INTO secrets (project, domain, name, sealed, type, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, domain, name) DO NOTHING`,
      [...columnsOf(id), this.#seal(id, value), type, now, now],
    );
    return changes > 0;
  }

  /** Replaces a value; false if there is no such secret. */
  update(id: SecretId, value: Uint8Array, type = 0): boolean {
    const changes = this.database.run(
      'UPDATE secrets SET sealed = ?, type = ?, updated_at = ? WHERE project = ? AND domain = ? AND name = ?',
      [this.#seal(id, value), type, new Date().toISOString(), ...columnsOf(id)],
    );
    return changes > 0;
  }

  /** Removes a secret; false if there is none. */
  delete(id: SecretId): boolean {
    const sql = 'DELETE FROM secrets WHERE project = ? AND domain = ? AND name = ?';
    return this.database.run(sql, columnsOf(id)) > 0;
  }

  /** One secret without its value. */
  get(id: SecretId): StoredSecret | undefined {
    const row = this.database.get(
      'SELECT project, domain, name, type, created_at FROM secrets WHERE project = ? AND domain = ? AND name = ?',
      columnsOf(id),
    );
    return row === undefined ? undefined : toStored(row);
  }

  /** A page of secrets, by owner and name. */
  list({ project, domain, limit, offset, only }: SecretPage): StoredSecret[] {
    const conditions = ["(? = '' OR project = ?)", "(? = '' OR domain = ?)"];
    const parameters: SqlValue[] = [project, project, domain, domain];
    if (only !== undefined) {
      conditions.push(`project IN (${Array.from(only, () => '?').join(', ')})`);
      parameters.push(...only);
    }
    return this.database
      .all(
        `SELECT project, domain, name, type, created_at FROM secrets WHERE ${conditions.join(' AND ')}
         ORDER BY project, domain, name LIMIT ? OFFSET ?`,
        [...parameters, limit === 0 ? -1 : limit, offset],
      )
      .map(toStored);
  }

  /**
   * The value that a task of a project and domain gets for a key: of the nearest owner that has it.
   *
   * @returns undefined if none has it
   * @throws DamagedState if the stored bytes were changed by somebody else
   */
  find(key: string, project: string, domain: string): Uint8Array | undefined {
    for (const owner of lookupOwners(project, domain)) {
      const id = { ...owner, name: key };
      const row = this.database.get(
        'SELECT sealed FROM secrets WHERE project = ? AND domain = ? AND name = ?',
        columnsOf(id),
      );
      if (row !== undefined) return this.#unseal(id, row['sealed']);
    }
    return undefined;
  }

  #unseal(id: SecretId, sealed: unknown): Uint8Array {
    try {
      return unseal(this.#key, contextOf(id), bytesOf(sealed));
    } catch {
      throw new DamagedState(
        `The stored secret ${JSON.stringify(id.name)} (${describeOwner(id)})`,
        'Delete it, and store it again.',
      );
    }
  }

  #seal(id: SecretId, value: Uint8Array): Uint8Array {
    return seal(this.#key, contextOf(id), value);
  }
}

function columnsOf({ project, domain, name }: SecretOwner & SecretId): SqlValue[] {
  return [project, domain, name];
}

/** As JSON, so that no two ids have one spelling. */
function contextOf({ project, domain, name }: SecretId): string {
  return JSON.stringify([project, domain, name]);
}

function toStored(row: SqlRow): StoredSecret {
  return {
    project: String(row['project']),
    domain: String(row['domain']),
    name: String(row['name']),
    type: Number(row['type']),
    createdAt: new Date(String(row['created_at'])),
  };
}
