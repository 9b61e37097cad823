import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { RunSource } from 'nestjs-flyte/idl/workflow/run_definition';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ManualClock } from '../support/manual-clock.js';
import type { PythonSession } from './support/python-session.js';
import { jsonOf, PythonUser } from './support/python-user.js';

describe('triggers', () => {
  const clock = new ManualClock('2026-10-24T12:00:00Z');
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start({ clock });
    python = user.python('triggers');
    await python.call('deploy', { version: 'v1' });
  });
  afterAll(() => user[Symbol.asyncDispose]());

  /** The names of what a trigger ran, the oldest first. */
  const runsOf = async (name: string): Promise<string[]> => {
    const token = await user.plane.token('alice');
    const transport = createConnectTransport({
      baseUrl: user.plane.url,
      httpVersion: '2',
      nodeOptions: { ca: inject('certificate').ca },
      interceptors: [
        (next) => (request) => {
          request.header.set('authorization', `Bearer ${token}`);
          return next(request);
        },
      ],
    });
    const value = { project: 'flytesnacks', domain: 'development', taskName: 'scheduled.report', name };
    const { runs } = await createClient(RunService, transport).listRuns({
      scopeBy: { case: 'triggerName', value },
      request: { sortBy: { key: 'created_at', direction: 1 } },
    });
    for (const { action } of runs) expect(action?.metadata?.source).toBe(RunSource.SCHEDULE_TRIGGER);
    return runs.map(({ action }) => action?.id?.run?.name ?? '');
  };

  it('are deployed with their task', async () => {
    expect(await python.call('names')).toEqual([
      ['nightly', true],
      ['often', false],
    ]);
    expect(await python.call('names', { task_name: 'scheduled.report', task_version: 'v1' })).toHaveLength(2);
    expect(await python.call('names', { task_name: 'scheduled.report', task_version: 'v9' })).toEqual([]);
    expect(await python.call('get', { name: 'nightly' })).toEqual({
      ...{ name: 'nightly', active: true, revision: 1, cron: '30 2 * * *', zone: 'Europe/Zurich' },
    });
  });

  it('run it with their inputs and the time that was due, twice in the hour that comes twice', async () => {
    clock.passUntil('2026-10-25T12:00:00Z');
    const [first, second, ...others] = await runsOf('nightly');
    expect(others).toEqual([]);
    expect(await python.call('outputs', { run: first })).toBe(
      'Zurich x2 for 2026-10-25T00:30:00+00:00, started 2026-10-25T00:30:00+00:00, on A4',
    );
    expect(await python.call('outputs', { run: second })).toContain('for 2026-10-25T01:30:00+00:00');
  });

  it('are made, turned on and off, and deleted by the SDK', async () => {
    expect(await python.call('create', { name: 'by-sdk', minutes: 60 })).toBe('by-sdk');
    clock.passUntil('2026-10-25T13:00:00Z');
    const [run] = await runsOf('by-sdk');
    expect(await python.call('outputs', { run })).toContain('Basel x2 for None');
    await python.call('update', { name: 'by-sdk', active: false });
    clock.passUntil('2026-10-25T16:30:00Z');
    expect(await runsOf('by-sdk')).toHaveLength(1);
    await python.call('delete', { name: 'by-sdk' });
    await expect(python.call('get', { name: 'by-sdk' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are listed, turned on and off, made and deleted by the command', async () => {
    const task = 'scheduled.report';
    expect(jsonOf(await user.flyte('get', 'trigger'))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          active: true,
          id: expect.objectContaining({ name: expect.objectContaining({ name: 'nightly', taskName: task }) }),
        }),
      ]),
    );
    expect((await user.flyte('update', 'trigger', 'often', task, '--activate')).code).toBe(0);
    expect(await python.call('names')).toContainEqual(['often', true]);
    expect((await user.flyte('update', 'trigger', 'often', task, '--deactivate')).code).toBe(0);
    const made = await user.flyte(
      'create',
      'trigger',
      task,
      'by-command',
      '--schedule',
      '0 0 * * *',
      '--trigger-time-var',
      'due',
    );
    expect(made).toMatchObject({ code: 0 });
    expect(await python.call('get', { name: 'by-command' })).toMatchObject({ cron: '0 0 * * *', active: true });
    expect((await user.flyte('delete', 'trigger', 'by-command', task)).code).toBe(0);
    expect(await python.call('names')).toHaveLength(2);
  });

  it('of artifacts are refused by name', async () => {
    await expect(python.call('artifact')).rejects.toMatchObject({
      ...{ code: 'unimplemented', message: expect.stringContaining('has no artifacts') },
    });
  });

  it('are put in place of those that the task had, and begin to fire again', async () => {
    await python.call('create', { name: 'left-over', minutes: 60 });
    await python.call('update', { name: 'nightly', active: false });
    await python.call('deploy', { version: 'v2' });
    expect(await python.call('names')).toEqual([
      ['nightly', true],
      ['often', false],
    ]);
  });
});
