import { create } from '@bufbuild/protobuf';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunSpecSchema } from 'nestjs-flyte/idl/task/run';
import { ActionAttemptSchema, ActionDetailsSchema, ActionStatusSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { expect, it } from 'vitest';
import { ActionFeed } from '../runs/action-feed.js';
import { ActionStore } from '../runs/action-store.js';
import { LocalDatabase } from '../state/local-database.js';
import { MEMORY_STATE } from '../state/state-folder.js';
import type { AttemptRunner } from './attempts/attempt-runner.js';
import { Executor } from './executor.js';

const { QUEUED, INITIALIZING, RUNNING, FAILED } = ActionPhase;

it.each([
  ['QUEUED', QUEUED, QUEUED],
  // No process had been started: it waits for its turn again, with its attempt still the first one.
  ['INITIALIZING', INITIALIZING, QUEUED],
  ['RUNNING', RUNNING, FAILED],
] as const)('an action that a plane left in phase %s is recovered', async (_name, phase, expected) => {
  const database = new LocalDatabase(MEMORY_STATE);
  const store = new ActionStore(database, new ActionFeed());
  const key = { project: 'p', domain: 'd', run: 'r', name: 'a0' };
  const details = create(ActionDetailsSchema, {
    id: { run: { org: '', project: key.project, domain: key.domain, name: key.run }, name: key.name },
    status: create(ActionStatusSchema, { phase, attempts: 1 }),
    attempts: [create(ActionAttemptSchema, { attempt: 1, phase })],
  });
  store.create(details, create(RunSpecSchema));
  // Nothing may run at a time, so nothing does.
  const executor = new Executor(store, undefined as unknown as AttemptRunner, 0, () => {});
  executor.recover();
  const { status, attempts } = store.get(key) ?? {};
  expect([status?.phase, attempts?.length, attempts?.[0]?.phase]).toEqual([expected, 1, expected]);
  await executor.close();
  database.close();
});
