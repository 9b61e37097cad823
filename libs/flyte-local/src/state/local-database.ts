import { chmodSync } from 'node:fs';
import Database from 'libsql';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf } from './atomic-file.js';
import { MIGRATIONS } from './migrations.js';
import type { SqlRow, SqlValue } from './sql.js';
import { createPrivateFile, MEMORY_STATE } from './state-folder.js';

/** Marks a database file as ours: "Flyt" in ASCII. */
const APPLICATION_ID = 0x466c7974;

/** How many statements stay prepared: more than the plane's own. Lists are asked with conditions of the client's, without end. */
const MOST_PREPARED = 100;

/**
 * The plane's database. All calls are synchronous, and a change is on disk when its call returns (write-ahead log,
 * synchronous=FULL), so that nothing a client was told is lost by `kill -9`.
 */
export class LocalDatabase {
  readonly #database: Database.Database;
  readonly #prepared = new Map<string, Database.Statement>();

  /**
   * Opens a database, makes it if it is missing, and brings its schema up to date.
   *
   * @param path the file, or `:memory:`
   * @throws FlyteError `invalid_configuration` if the file is damaged, is another program's, or is from a newer version
   */
  constructor(path: string) {
    this.#database = openFile(path);
    try {
      this.#identify(path);
      this.#migrate(path);
    } catch (error) {
      this.#database.close();
      throw error instanceof FlyteError ? error : unreadable(path, error);
    }
  }

  /** Runs a statement that changes something; answers the number of rows it changed. */
  run(sql: string, parameters: readonly SqlValue[] = []): number {
    return this.#prepare(sql).run(parameters.map(bindable)).changes;
  }

  /** All rows of a query. */
  all(sql: string, parameters: readonly SqlValue[] = []): SqlRow[] {
    return this.#prepare(sql).all(parameters.map(bindable)).filter(isRow);
  }

  /** The first row of a query, if there is one. */
  get(sql: string, parameters: readonly SqlValue[] = []): SqlRow | undefined {
    return this.all(sql, parameters)[0];
  }

  /** Runs several changes as one: all of them are stored, or none. */
  transaction<Result>(change: () => Result): Result {
    return this.#database.transaction(change).immediate();
  }

  /** Closes the database; a second call does nothing. */
  close(): void {
    if (this.#database.open) this.#database.close();
  }

  /** To prepare a statement takes longer than most take to run. */
  #prepare(sql: string): Database.Statement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    if (this.#prepared.size >= MOST_PREPARED) this.#prepared.clear();
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #identify(path: string): void {
    // The command `secret` writes while a plane has the database open.
    this.#database.exec('PRAGMA busy_timeout = 5000');
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = FULL');
    const check = this.#pragma('quick_check(1)', 'quick_check');
    if (check !== 'ok') throw unreadable(path, new Error(String(check)));
    const owner = this.#pragma('application_id', 'application_id');
    const tables = this.get('SELECT count(*) AS tables FROM sqlite_schema')?.['tables'];
    if (owner === APPLICATION_ID || (owner === 0 && tables === 0)) return;
    throw new FlyteError(
      'invalid_configuration',
      `The database ${path} belongs to another program. Choose another state folder with the option \`state\` or the ` +
        'flag --state.',
    );
  }

  #migrate(path: string): void {
    const version = Number(this.#pragma('user_version', 'user_version'));
    if (version > MIGRATIONS.length) {
      throw new FlyteError(
        'invalid_configuration',
        `The database ${path} has schema ${version}, and this version of nestjs-flyte-local knows ${MIGRATIONS.length}. ` +
          'Use the newer version that wrote it, or another state folder.',
      );
    }
    for (const [index, migrate] of MIGRATIONS.entries()) {
      if (index < version) continue;
      this.#database
        .transaction(() => {
          // Asked again inside: a second process may have taken the step while this one waited for its turn.
          if (Number(this.#pragma('user_version', 'user_version')) > index) return;
          for (const [sql, parameters] of migrate()) this.run(sql, parameters);
          this.#database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
          this.#database.exec(`PRAGMA user_version = ${index + 1}`);
        })
        .immediate();
    }
  }

  #pragma(source: string, column: string): unknown {
    return this.get(`PRAGMA ${source}`)?.[column];
  }
}

/** SQLite gives its -wal and -shm files the permissions of the database, so those are set before it opens it. */
function openFile(path: string): Database.Database {
  try {
    if (path !== MEMORY_STATE) {
      createPrivateFile(path, '');
      chmodSync(path, 0o600);
    }
    return new Database(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): FlyteError {
  return new FlyteError(
    'invalid_configuration',
    `The database ${path} can't be read (${codeOf(cause)}); it may be damaged. Restore it, or delete its folder to start ` +
      'with a new one: its projects and its signing key are lost then.',
    { cause },
  );
}

/** The driver types rows as unknown; each is an object with a property per column. */
function isRow(value: unknown): value is SqlRow {
  return typeof value === 'object' && value !== null;
}

/** The driver knows Buffer and not every Uint8Array. */
function bindable(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
