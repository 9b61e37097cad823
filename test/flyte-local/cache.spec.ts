import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { CatalogCacheStatus } from 'nestjs-flyte/idl/core/catalog';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { InputsSchema } from 'nestjs-flyte/idl/task/common';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientsFor, messageOf, runTask, shellTask, type ExecutionClients } from './execution-support.js';
import { temporaryFolder } from './support.js';

const { CACHE_DISABLED, CACHE_HIT, CACHE_POPULATED } = CatalogCacheStatus;
const state = join(temporaryFolder(), 'state');
let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

const text = (value: string, hash = '') => ({
  hash,
  value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value } } } } },
});
type Options = NonNullable<Parameters<typeof runTask>[2]>;
const given = (values: Record<string, string>, options: object = {}): Options => {
  const literals = Object.entries(values).map(([name, value]) => ({ name, value: text(value) }));
  return {
    inputWrapper: { case: 'inputs', value: create(InputsSchema, { literals } as never) },
    ...options,
  };
};

/** Runs a task that is cached; what it was to the cache, and whether a process ran. */
async function cached(options: Options, metadata: object = {}, command = 'finish') {
  const discoverable = { discoverable: true, discoveryVersion: '1', cacheIgnoreInputVars: ['seed'], ...metadata };
  const { details } = await runTask(clients, shellTask(command, [], { metadata: discoverable }), options);
  expect(messageOf(details)).toBe('');
  const [attempt] = details.attempts;
  expect(details.status?.cacheStatus).toBe(attempt?.cacheStatus);
  const hasRun = attempt?.phaseTransitions.some(({ phase }) => phase === ActionPhase.RUNNING);
  expect([attempt?.cacheStatus === CACHE_HIT, attempt?.logsAvailable]).toEqual([!hasRun, hasRun]);
  return { status: attempt?.cacheStatus, uri: attempt?.outputs?.outputUri, run: details.id?.run };
}

it('a task that is not cached always runs', async () => {
  for (let time = 0; time < 2; time += 1)
    expect(await cached(given({ x: '0' }), { discoverable: false })).toMatchObject({ status: CACHE_DISABLED });
});

it('the outputs of a cached task are there for the same inputs, those that it ignores left out', async () => {
  const first = await cached(given({ x: '1', seed: 'a' }));
  expect(first.status).toBe(CACHE_POPULATED);
  const again = await cached(given({ x: '1', seed: 'b' }));
  expect(again.status).toBe(CACHE_HIT);
  expect(again.uri).not.toBe(first.uri);
  const actionId = { run: again.run, name: 'a0' } as never;
  expect((await clients.data.getActionData({ actionId })).outputs?.literals).toEqual([]);
  expect((await clients.runs.getActionDataURIs({ actionId })).outputsUri).toBe(again.uri);
  for (const [options, metadata] of [
    [given({ x: '2' })],
    [given({ x: '1' }), { discoveryVersion: '2' }],
    [given({ x: '1' }, { domain: 'staging' })],
    [given({ x: '1' }, { runSpec: { cacheConfig: { overwriteCache: true } } })],
  ] as const) {
    expect((await cached(options, metadata)).status).toBe(CACHE_POPULATED);
  }
});

it('a failure is not kept, and outputs that somebody removed are made anew', async () => {
  const metadata = { discoverable: true };
  const failed = await runTask(clients, shellTask('exit 1', [], { metadata }), given({ x: 'f' }));
  expect(failed.details.status).toMatchObject({ phase: ActionPhase.FAILED, cacheStatus: CACHE_DISABLED });
  const { run } = await cached(given({ x: 'f' }));
  const runs = join(state, 'data/runs');
  for (const name of readdirSync(runs))
    if (name.startsWith(`${run?.name}-`)) rmSync(join(runs, name), { recursive: true });
  expect((await cached(given({ x: 'f' }))).status).toBe(CACHE_POPULATED);
  expect((await cached(given({ x: 'f' }))).status).toBe(CACHE_HIT);
});
