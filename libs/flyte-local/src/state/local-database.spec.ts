import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import Database from 'libsql';
import { ActionDetailsSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ActionFeed } from '../runs/action-feed.js';
import { ActionStore } from '../runs/action-store.js';
import { LocalDatabase } from './local-database.js';
import { MIGRATIONS } from './migrations.js';
import { MEMORY_STATE } from './state-folder.js';

describe('LocalDatabase', () => {
  it('takes and gives texts, numbers, nulls and bytes', () => {
    const database = new LocalDatabase(MEMORY_STATE);
    database.run('CREATE TABLE t (a, b, c, d)');
    expect(database.run('INSERT INTO t VALUES (?, ?, ?, ?)', ['ä', 7, null, new Uint8Array([0, 255])])).toBe(1);
    const row = database.get('SELECT * FROM t WHERE b = ?', [7]);
    expect(row).toMatchObject({ a: 'ä', b: 7, c: null });
    expect(row?.['d']).toEqual(new Uint8Array([0, 255]).buffer);
    expect(database.get('SELECT * FROM t WHERE b = ?', [8])).toBeUndefined();
    database.close();
    database.close();
  });

  it('keeps a text that looks like SQL a text', () => {
    const database = new LocalDatabase(MEMORY_STATE);
    expect(database.all('SELECT identifier FROM projects WHERE identifier = ?', ["x' OR '1'='1"])).toEqual([]);
    database.close();
  });

  it('uses a statement again after it failed, was undone, and after its table has changed elsewhere', () => {
    const path = join(folderOf(), 'control-plane.db');
    const database = new LocalDatabase(path);
    onTestFinished(() => database.close());
    database.run('CREATE TABLE t (a INTEGER PRIMARY KEY, b)');
    const [insert, list] = ['INSERT INTO t (a, b) VALUES (?, ?)', 'SELECT * FROM t ORDER BY a'];
    database.run(insert, [1, 'one']);
    expect(() => database.run(insert, [1, 'again'])).toThrow('UNIQUE');
    expect(() =>
      database.transaction(() => {
        database.run(insert, [2, 'undone']);
        throw new Error('undo');
      }),
    ).toThrow('undo');
    database.run(insert, [3, null]);
    expect(database.all(list)).toEqual([
      { a: 1, b: 'one' },
      { a: 3, b: null },
    ]);
    const other = new Database(path);
    other.exec("ALTER TABLE t ADD COLUMN c DEFAULT 'new'");
    other.exec("INSERT INTO t VALUES (4, 'four', 'c')");
    // A statement that was left in the middle would keep this one from what it does.
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
    other.close();
    expect(database.all(list)).toEqual([
      { a: 1, b: 'one', c: 'new' },
      { a: 3, b: null, c: 'new' },
      { a: 4, b: 'four', c: 'c' },
    ]);
  });

  it('answers more statements than it keeps prepared', () => {
    const database = new LocalDatabase(MEMORY_STATE);
    const numbers = Array.from({ length: 250 }, (_, at) => at);
    for (const _ of ['once', 'twice']) {
      expect(numbers.map((at) => database.get(`SELECT ${at} AS n`)?.['n'])).toEqual(numbers);
    }
    database.close();
  });

  it('takes over the runs and tasks of an older schema', () => {
    const path = join(folderOf(), 'control-plane.db');
    const old = new Database(path);
    for (const [sql, values = []] of MIGRATIONS.slice(0, 2).flatMap((step) => step()))
      old.prepare(sql).run(values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)));
    const at = '2026-01-01T00:00:00.000Z';
    const message = Buffer.from(toBinary(ActionDetailsSchema, create(ActionDetailsSchema, { id: { name: 'a0' } })));
    old
      .prepare(`INSERT INTO actions VALUES (7, 'p', 'd', 'r', 'a0', 4, 0, 'p', 'd', 't', '1', 'alice', ?, x'', ?)`)
      .run([at, message]);
    old.prepare(`INSERT INTO tasks VALUES (3, 'p', 'd', 'e.t', '1', 'e', 'alice', ?, x'')`).run([at]);
    old.exec('PRAGMA application_id = 0x466c7974');
    old.exec('PRAGMA user_version = 2');
    old.close();
    const database = new LocalDatabase(path);
    const store = new ActionStore(database, new ActionFeed());
    const filter = ['updated_at = created_at AND ended_at IS NULL'] as const;
    expect(store.list([filter], { limit: 5, offset: 0, order: 'sequence' }).map(({ id }) => id?.name)).toEqual(['a0']);
    expect(database.get('SELECT created_at, function_name FROM tasks')).toEqual({ created_at: at, function_name: '' });
    database.close();
  });
});

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flyte-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
