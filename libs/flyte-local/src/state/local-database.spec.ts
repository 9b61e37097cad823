import { describe, expect, it } from 'vitest';
import { LocalDatabase } from './local-database.js';
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
});
