import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { FlyteError, TaskContext } from 'nestjs-flyte';
import { fakeTask, runTask } from 'nestjs-flyte/testing';
import { describe, expect, it, vi } from 'vitest';
import { ImportTasks, ItemTasks, MANAGER_OK, OrderTasks } from './guide/orders.js';

const guide = readFileSync(join(import.meta.dirname, '../../docs/children.md'), 'utf8');
const source = ['guide/orders.ts', 'guide.spec.ts']
  .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  .join('\n');
const snippets = [...guide.matchAll(/<!-- (\w+) -->\n\n```ts\n(.*?)```/gs)].map(([, region = '', code = '']) => ({
  region,
  code,
}));

describe('docs/children.md', () => {
  it('has its code from here', () => {
    expect(snippets).toHaveLength(4);
    expect(snippets).toHaveLength(guide.split('```ts\n').length - 1);
  });

  it.each(snippets)('shows $region as it is', ({ region, code }) => {
    const [, indent = '', body = ''] =
      new RegExp(`^( *)// #region ${region}\\n(.*?)^ *// #endregion$`, 'ms').exec(source) ?? [];
    expect(code).toBe(body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  });

  it('shows a test that holds', async () => {
    // #region test
    const module = await Test.createTestingModule({
      providers: [OrderTasks, TaskContext, fakeTask(ItemTasks, 'pack', ({ id }) => ({ parcel: id }))],
    }).compile();
    const answers = [[MANAGER_OK, true]] as const;
    const { note } = await runTask(module.get(OrderTasks), 'ship', { ids: ['a', 'b'] }, { answers });
    expect(note).toBe('2 shipped');
    // #endregion
  });
});

describe('runTask', () => {
  it('has a condition without an answer fail, and says which', async () => {
    const pack = fakeTask(ItemTasks, 'pack', ({ id }) => {
      if (id === 'bad') throw new Error('cannot be packed');
      return { parcel: id };
    });
    const module = await Test.createTestingModule({ providers: [OrderTasks, TaskContext, pack] }).compile();
    const unanswered = runTask(module.get(OrderTasks), 'ship', { ids: ['a', 'bad'] });
    await expect(unanswered).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/manager-ok.*"answers"/),
    });
    expect(pack.calls.map(({ inputs }) => inputs.id)).toEqual(['a', 'bad']);
    const answered = runTask(module.get(OrderTasks), 'ship', { ids: ['a', 'bad'] }, { answers: [[MANAGER_OK, false]] });
    expect(await answered).toEqual({ note: 'held' });
    const wrong = runTask(module.get(OrderTasks), 'ship', { ids: [] }, { answers: [[MANAGER_OK, 'yes']] });
    await expect(wrong).rejects.toSatisfy((error) => FlyteError.is(error) && error.code === 'invalid_argument');
  });

  it('has checkpoints and reports, and nothing is left of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-test-'));
    vi.stubEnv('TMPDIR', folder);
    await runTask(new ImportTasks(new TaskContext()), 'import', { pages: 3 });
    vi.unstubAllEnvs();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
