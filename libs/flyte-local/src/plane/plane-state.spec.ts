import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openState } from './plane-state.js';

describe('a database', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flyte-local-'));
    path = join(folder, 'control-plane.db');
    (await openState(folder)).close();
    // What is still in the write-ahead log would repair the damage.
    execute('PRAGMA wal_checkpoint(TRUNCATE)');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function execute(sql: string): void {
    const database = new Database(path);
    database.exec(sql);
    database.close();
  }

  async function refused(): Promise<string> {
    const error: unknown = await openState(folder).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'FlyteError', code: 'invalid_configuration' });
    return error instanceof Error ? error.message : '';
  }

  it('of text is refused, and the folder is free again', async () => {
    writeFileSync(path, 'text, not a database. '.repeat(400));
    expect(await refused()).toMatch(/database .*SQLITE_NOTADB.*delete its folder/);
    expect(await refused()).toMatch(/SQLITE_NOTADB/);
  });

  it('with a damaged page is refused', async () => {
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096, 8192);
    writeFileSync(path, bytes);
    expect(await refused()).toMatch(/database .*may be damaged/);
  });

  it('that ends too early is refused', async () => {
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    expect(await refused()).toMatch(/database .*may be damaged/);
  });

  it('of another program is refused', async () => {
    execute('PRAGMA application_id = 0; CREATE TABLE theirs (a)');
    expect(await refused()).toMatch(/belongs to another program/);
  });

  it('of a newer version is refused', async () => {
    execute('PRAGMA user_version = 99');
    expect(await refused()).toMatch(/has schema 99/);
  });

  it('that was never finished is finished', async () => {
    rmSync(path);
    writeFileSync(path, '');
    const state = await openState(folder);
    expect(state.database.all('SELECT identifier FROM projects')).toEqual([{ identifier: 'flytesnacks' }]);
    state.close();
  });
});
