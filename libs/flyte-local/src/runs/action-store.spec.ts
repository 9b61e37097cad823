import { create } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { ActionDetailsSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LocalDatabase } from '../state/local-database.js';
import { MEMORY_STATE } from '../state/state-folder.js';
import { ActionFeed } from './action-feed.js';
import { ActionStore } from './action-store.js';

const run = { project: 'p', domain: 'd', name: 'r' };
const KEY = { project: 'p', domain: 'd', run: 'r' };

describe('ActionStore', () => {
  it('finds what an action called, and what that did, that has not ended', () => {
    const { store } = opened();
    add(store, 'a0');
    add(store, 'one', 'a0');
    add(store, 'two', 'a0', ActionPhase.SUCCEEDED);
    add(store, 'below-one', 'one');
    add(store, 'below-two', 'two');
    add(store, 'ended-below', 'two', ActionPhase.FAILED);
    const below = (name: string) => store.openBelow({ ...KEY, name }).map((key) => key.name);
    expect(below('a0')).toEqual(['one', 'below-one', 'below-two']);
    expect(below('two')).toEqual(['below-two']);
    expect(below('below-two')).toEqual([]);
    expect(below('')).toEqual([]);
    expect(store.openBelow({ ...KEY, run: 'other', name: 'a0' })).toEqual([]);
  });

  it('looks for those by their parents and names, not at the whole run for each', () => {
    const { database, store } = opened();
    const all = vi.spyOn(database, 'all');
    store.openBelow({ ...KEY, name: 'a0' });
    const [[sql, parameters] = ['']] = all.mock.calls;
    const steps = database.all(`EXPLAIN QUERY PLAN ${sql}`, parameters).map(({ detail }) => String(detail));
    const searches = steps.filter((step) => /^S\w+ (actions|a)\b/.test(step));
    expect(searches).toHaveLength(3);
    for (const search of searches) expect(search).toMatch(/AND (parent|name)=\?\)$/);
  });
});

function opened(): { database: LocalDatabase; store: ActionStore } {
  const database = new LocalDatabase(MEMORY_STATE);
  onTestFinished(() => database.close());
  return { database, store: new ActionStore(database, new ActionFeed()) };
}

function add(store: ActionStore, name: string, parent = '', phase = ActionPhase.RUNNING): void {
  const state = { status: { phase }, attempts: [{ attempt: 1, phase }] };
  const details = create(ActionDetailsSchema, { id: { run, name }, metadata: { parent }, ...state });
  store.create(details, create(RunSpecSchema));
}
