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

  it('takes over the runs and tasks of an older schema', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flyte-local-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'control-plane.db');
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
