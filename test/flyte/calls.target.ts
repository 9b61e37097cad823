import { randomBytes } from 'node:crypto';
import { FlyteError, type FlyteClient, type RunInfo } from 'nestjs-flyte';
import { Filter_Function, Sort_Direction } from 'nestjs-flyte/idl/common/list';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, ended, logged, services } from './connect.js';
import { target, needs } from './target.js';
import { Ends } from './tasks/suite.tasks.js';

let flyte: FlyteClient;
beforeAll(async () => {
  flyte = await connect();
});

const failure = async (call: Promise<unknown>): Promise<FlyteError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (FlyteError.is(error)) return error;
  throw new Error('the call should have failed as FlyteError', { cause: error });
};

describe.concurrent('runs', () => {
  it('give what they were given', async () => {
    const run = await flyte.task(Ends, 'echo').run({ text: 'grüß dich' });
    expect(await run.outputs()).toEqual({ text: 'grüß dich' });
    expect(await run.inputs()).toEqual({ text: 'grüß dich' });
    expect(await flyte.runs.outputs(run.name)).toEqual({ text: 'grüß dich' });
    const info = await run.get();
    expect(info).toMatchObject({
      name: run.name,
      task: 'flyte-suite.echo',
      phase: 'succeeded',
      done: true,
      attempts: 1,
    });
    expect(info.endedAt?.getTime()).toBeGreaterThanOrEqual(info.startedAt?.getTime() ?? Number.NaN);
  });

  it('are the same for the same idempotency key, and refused for other inputs', async () => {
    const task = flyte.task(Ends, 'echo');
    const options = { idempotencyKey: randomBytes(8).toString('hex') };
    const [one, other] = [await task.run({ text: 'a' }, options), await task.run({ text: 'a' }, options)];
    expect(other.name).toBe(one.name);
    expect(await failure(task.run({ text: 'b' }, options))).toMatchObject({ code: 'already_exists' });
    expect(await one.outputs()).toEqual({ text: 'a' });
  });

  it('are watched without repetitions, to the end', async () => {
    const run = await flyte.task(Ends, 'echo').run({ text: 'watched' });
    const seen: RunInfo[] = [];
    for await (const info of run.watch()) seen.push(info);
    expect(seen.at(-1)).toMatchObject({ phase: 'succeeded', done: true });
    const told = seen.map((info) => JSON.stringify(info));
    expect(told.filter((text, i) => text === told[i - 1])).toEqual([]);
  });

  it('are waited for by many at once', async () => {
    const run = await flyte.task(Ends, 'echo').run({ text: 'many' });
    const infos = await Promise.all(Array.from({ length: 60 }, async () => flyte.runs.wait(run.name)));
    expect(new Set(infos.map(({ phase }) => phase))).toEqual(new Set(['succeeded']));
  });

  it('that have ended stay as they ended when they are aborted', async () => {
    const run = await flyte.task(Ends, 'echo').run({ text: 'done' });
    const info = await ended('aborted after its end', run);
    await run.abort('too late');
    await run.abort('much too late');
    expect(await run.get()).toEqual(info);
  });

  it('write logs, which are read while they run', async () => {
    const run = await flyte.task(Ends, 'wait').run({ seconds: 20 });
    expect(await logged(run, 'waiting')).toContain('waiting');
    await run.abort();
  });

  it('write logs, whose earlier attempts can still be read', async (test) => {
    needs(test, 'logs of earlier attempts');
    const run = await flyte.task(Ends, 'recover').run();
    await run.wait();
    const lines: string[] = [];
    for await (const { message } of run.logs({ attempt: 1, follow: false })) lines.push(message);
    expect(lines.join('\n')).toContain('the first attempt');
  });

  it('have logs that are somewhere, attempt by attempt', async () => {
    const { runs } = services(flyte);
    const run = await flyte.task(Ends, 'echo').run({ text: 'logs' });
    await run.wait();
    const actionId = { run: { project: target.project, domain: target.domain, name: run.name }, name: 'a0' };
    const { logContext } = await runs.getActionLogContext({ actionId, attempt: 1 });
    expect(logContext?.primaryPodName).toBe(`${run.name}-a0-0`);
    expect(logContext?.pods.map(({ podName }) => podName)).toEqual([`${run.name}-a0-0`]);
    expect(await failure(runs.getActionLogContext({ actionId, attempt: 2 }))).toMatchObject({ code: 'not_found' });
  });

  it('are the same whatever organization is named: there is one', async () => {
    const other = await connect({ org: 'flyte-suite' });
    const run = await other.task(Ends, 'echo').run({ text: 'of an organization' });
    expect(await run.outputs()).toEqual({ text: 'of an organization' });
    expect(await flyte.runs.outputs(run.name)).toEqual({ text: 'of an organization' });
    expect(await failure(other.runs.get('flyte-suite-never-made'))).toMatchObject({ code: 'not_found' });
  });

  it('that nobody made are not found', async () => {
    const name = 'flyte-suite-never-made';
    expect(await failure(flyte.runs.get(name))).toMatchObject({ code: 'not_found' });
    expect(await failure(flyte.runs.wait(name))).toMatchObject({ code: 'not_found' });
    expect(await failure(flyte.runs.abort(name))).toMatchObject({ code: 'not_found' });
  });

  it('of equal inputs run once where their task is cached', async () => {
    const task = flyte.task(Ends, 'cached');
    const key = randomBytes(8).toString('hex');
    const [first, other] = [await task.call({ key }), await task.call({ key: `${key}-other` })];
    expect(other.made).not.toBe(first.made);
    expect(await task.call({ key })).toEqual(first);
  });
});

describe.concurrent('deployed tasks', () => {
  it('are run by version, and the latest is the one that was made last', async () => {
    const [one, two] = [`${target.version}-1`, `${target.version}-2`];
    // One after the other, the first of them a second time.
    for (const version of [one, two, one]) await flyte.tasks.deploy([Ends], { version });
    expect((await flyte.tasks.get('flyte-suite.echo')).version).toBe(two);
    const versions: string[] = [];
    for await (const { version } of flyte.tasks.versions('flyte-suite.echo')) {
      if (versions.push(version) === 2) break;
    }
    expect(versions).toEqual([two, one]);
    const run = await flyte.task(Ends, 'echo').run({ text: 'deployed' }, { version: one });
    expect(await run.outputs()).toEqual({ text: 'deployed' });
    expect(await run.get()).toMatchObject({ version: one });
  });

  it('of no such version are not found', async () => {
    const version = `${target.version}-never`;
    expect(await failure(flyte.tasks.get('flyte-suite.echo', { version }))).toMatchObject({ code: 'not_found' });
    const run = flyte.task(Ends, 'echo').run({ text: '' }, { version });
    expect(await failure(run)).toMatchObject({ code: 'not_found' });
  });
});

const scopeBy = {
  case: 'projectId' as const,
  value: { organization: '', name: target.project, domain: target.domain },
};

describe.concurrent('lists', () => {
  it('are watched, run by run, as they change', async () => {
    const run = await flyte.task(Ends, 'wait').run({ seconds: 3_600 });
    const seen = new Set<ActionPhase>();
    for await (const { runs } of services(flyte).runs.watchRuns({ target: scopeBy })) {
      const changed = runs.filter(({ action }) => action?.id?.run?.name === run.name);
      for (const { action } of changed) seen.add(action?.status?.phase ?? ActionPhase.UNSPECIFIED);
      if (seen.has(ActionPhase.ABORTED)) break;
      if (changed.length > 0) await run.abort();
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  it('are sorted and filtered, page by page', async () => {
    const { runs } = services(flyte);
    const texts = ['1', '2', '3'];
    const started = await Promise.all(texts.map(async (text) => flyte.task(Ends, 'echo').run({ text })));
    await Promise.all(started.map(async (run) => run.wait()));
    // Not by the time: the backend moves that to the start of the pod, in whole seconds.
    const made = started.map(({ name }) => name).toSorted();
    const filters = [{ function: Filter_Function.VALUE_IN, field: 'run_name', values: made }];
    for (const [direction, order] of [
      [Sort_Direction.ASCENDING, made],
      [Sort_Direction.DESCENDING, made.toReversed()],
    ] as const) {
      const request = { limit: 2, filters, sortByFields: [{ key: 'run_name', direction }] };
      const page = await runs.listRuns({ scopeBy, request });
      const rest = await runs.listRuns({ scopeBy, request: { ...request, token: page.token } });
      expect([...page.runs, ...rest.runs].map(({ action }) => action?.id?.run?.name)).toEqual(order);
      expect([page.runs.length, rest.token]).toEqual([2, '']);
    }
    for (const [fn, field, values] of [
      [Filter_Function.EQUAL, 'task_name', ['flyte-suite.never']],
      [Filter_Function.CONTAINS, 'task_name', ['suite-is-not-this']],
      [Filter_Function.GREATER_THAN_OR_EQUAL, 'created_at', ['2999-01-01T00:00:00Z']],
    ] as const) {
      const request = { filters: [...filters, { function: fn, field, values: [...values] }] };
      expect((await runs.listRuns({ scopeBy, request })).runs).toEqual([]);
    }
  });

  it('have fifty where nobody says, and refuse a key that there is not', async () => {
    const { runs } = services(flyte);
    expect((await runs.listRuns({ scopeBy, request: {} })).runs.length).toBeLessThanOrEqual(50);
    for (const request of [
      { sortByFields: [{ key: 'no_such_key', direction: Sort_Direction.ASCENDING }] },
      { filters: [{ function: Filter_Function.EQUAL, field: 'no_such_field', values: ['x'] }] },
      { limit: 1, token: 'no number' },
    ]) {
      expect(await failure(runs.listRuns({ scopeBy, request }))).toMatchObject({ code: 'invalid_argument' });
    }
  });

  it('begin with the run that was made last', async () => {
    const { name } = await flyte.task(Ends, 'echo').run({ text: 'listed' });
    const found: string[] = [];
    for await (const info of flyte.runs.list({ task: 'flyte-suite.echo' })) {
      if (found.push(info.name) === 50) break;
    }
    expect(found).toContain(name);
  });
});

describe.concurrent('callers', () => {
  it('are who their token says', async () => {
    expect((await flyte.users.get()).subject).not.toBe('');
  });

  it('without a token that holds are refused', async (test) => {
    needs(test, 'verified tokens');
    const anonymous = await connect({ credentials: () => ({ authorization: 'Bearer garbage' }) });
    expect(await failure(anonymous.users.get())).toMatchObject({ code: 'unauthenticated' });
    expect(await failure(anonymous.runs.get('x'))).toMatchObject({ code: 'unauthenticated' });
  });

  it('are told where inputs and outputs lie', async () => {
    const { data, runs } = services(flyte);
    const run = await flyte.task(Ends, 'echo').run({ text: 'uris' });
    await run.wait();
    const actionId = { run: { project: target.project, domain: target.domain, name: run.name }, name: 'a0' };
    expect((await data.getActionData({ actionId })).outputs?.literals).toHaveLength(1);
    const { inputsUri, outputsUri } = await runs.getActionDataURIs({ actionId });
    expect([inputsUri, outputsUri]).toEqual([expect.stringMatching(/:\/\//), expect.stringMatching(/:\/\//)]);
  });
});
