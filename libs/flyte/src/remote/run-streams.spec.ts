import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { describe, expect, it, vi } from 'vitest';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { TailLogsResponseSchema } from '../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import { ActionDetailsSchema, type ActionDetails } from '../gen/flyteidl2/workflow/run_definition_pb.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import { FlyteError } from '../errors/flyte-error.js';
import { asCaller } from './connection/flyte-transport.js';
import { cancellable } from './connection/cancellable.js';
import { MAX_FAILURES } from './connection/reconnect.js';
import { readLogs, type LogsOptions, type LogsSource } from './runs/run-logs.js';
import { watchAction } from './runs/run-watch.js';

const pauses: number[] = [];
vi.mock('./connection/reconnect.js', async (original) => ({
  ...(await original<object>()),
  pause: async (failures: number) => void pauses.push(failures),
}));

const { QUEUED, RUNNING, SUCCEEDED, FAILED } = ActionPhase;
const details = (phase: ActionPhase, attempts = 1): ActionDetails =>
  create(ActionDetailsSchema, {
    status: { phase, attempts },
    attempts: [{ attempt: attempts, phase }],
  });
const all = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const found = [];
  for await (const value of values) found.push(value);
  return found;
};

/** Watches a Flyte whose streams give these phases, one list a stream, and end in an error where one stands. */
async function watched(streams: readonly (readonly number[])[]): Promise<ActionPhase[]> {
  const left = [...streams];
  let last = streams.at(-1) ?? [];
  const transport = createRouterTransport(({ service }) =>
    service(RunService, {
      async *watchActionDetails() {
        last = left.shift() ?? last;
        for (const step of last) {
          // Codes and phases are told apart by their sign.
          if (step < 0) throw new ConnectError('as the test wants', -step);
          yield { details: details(step) };
        }
      },
    }),
  );
  const connection = {
    calls: transport,
    streams: transport,
    open: new Set<AbortController>(),
    close: () => undefined,
  };
  const limits = { timeoutMs: 60_000, streamIdleTimeoutMs: 60_000, retries: 0 };
  const client = createClient(
    RunService,
    asCaller(connection, () => ({ credentials: () => undefined }), limits),
  );
  pauses.length = 0;
  const { signal } = new AbortController();
  const seen = await all(watchAction((ends) => client.watchActionDetails({}, { signal: ends }), signal));
  return seen.map(({ status }) => status?.phase ?? QUEUED);
}

describe('watchAction', () => {
  it('goes on in another stream, with longer pauses, until it is done', async () => {
    const dropped = [-Code.Unavailable];
    expect(await watched([[QUEUED], dropped, dropped, [RUNNING, -Code.Aborted], [RUNNING], [SUCCEEDED]])).toEqual([
      ...[QUEUED, RUNNING, SUCCEEDED],
    ]);
    expect(pauses).toEqual([1, 1, 2, 1, 1]);
  });

  it('tells each phase of an attempt once, however often Flyte repeats it', async () => {
    const again = [RUNNING, RUNNING, RUNNING];
    expect(await watched([[QUEUED, QUEUED], again, [...again, FAILED, FAILED]])).toEqual([QUEUED, RUNNING, FAILED]);
  });

  it('gives up after as many failures in a row', async () => {
    await expect(watched([[-Code.Unavailable]])).rejects.toMatchObject({ code: 'unavailable' });
    expect(pauses).toHaveLength(MAX_FAILURES - 1);
  });

  it.each([Code.Unauthenticated, Code.PermissionDenied, Code.NotFound, Code.Unimplemented])(
    'gives up at once for the code %d',
    async (code) => {
      await expect(watched([[RUNNING, -code]])).rejects.toBeInstanceOf(FlyteError);
      expect(pauses).toEqual([]);
    },
  );
});

/** Reads logs where each question about the run, and each stream of an attempt, is answered by the next of a list. */
async function logs(
  phases: readonly (readonly [ActionPhase, attempts: number] | FlyteError)[],
  tails: Readonly<Record<number, (readonly string[])[]>>,
  options: LogsOptions = {},
): Promise<string[]> {
  const left = [...phases];
  const source: LogsSource = {
    async details() {
      const next = (left.length > 1 ? left.shift() : left[0]) ?? ([QUEUED, 1] as const);
      if (next instanceof FlyteError) throw next;
      return details(...next);
    },
    async *tail(attempt) {
      const steps = tails[attempt]?.shift() ?? ['not_found'];
      for (const [index, step] of steps.entries()) {
        if (step === 'not_found' || step === 'unavailable' || step === 'permission_denied')
          throw new FlyteError(step, '');
        const lines = [{ message: step, timestamp: { seconds: BigInt(index) } }];
        yield create(TailLogsResponseSchema, { logs: [{ lines }] });
      }
    },
  };
  const lines = await all(readLogs(source, options, new AbortController().signal));
  return lines.map(({ attempt, message }) => `${attempt} ${message}`);
}

describe('readLogs', () => {
  it('follows one attempt after the other', async () => {
    const phases: [ActionPhase, number][] = [
      ...([
        [RUNNING, 1],
        [RUNNING, 2],
        [RUNNING, 2],
        [SUCCEEDED, 2],
      ] as [ActionPhase, number][]),
    ];
    expect(await logs(phases, { 1: [['a', 'b']], 2: [['not_found'], ['c']] })).toEqual(['1 a', '1 b', '2 c']);
  });

  it('gives the attempt that is asked for, and no other', async () => {
    expect(await logs([[RUNNING, 2]], { 1: [['a']], 2: [['b']] }, { attempt: 1 })).toEqual(['1 a']);
    expect(await logs([[FAILED, 2]], { 1: [['a']], 2: [['b']] }, { follow: false })).toEqual(['2 b']);
  });

  it('passes over attempts whose logs are gone', async () => {
    expect(await logs([[FAILED, 2]], { 2: [['b']] })).toEqual(['2 b']);
  });

  it('reads once more what was dropped while the run ended', async () => {
    const tails = {
      1: [
        ['a', 'unavailable'],
        ['a', 'b'],
      ],
    };
    expect(
      await logs(
        [
          [RUNNING, 1],
          [SUCCEEDED, 1],
        ],
        tails,
      ),
    ).toEqual(['1 a', '1 b']);
  });

  it('goes on after Flyte was gone for a while, however long the process was waited for', async () => {
    const gone = new FlyteError('unavailable', '');
    const waiting = Array.from({ length: 2 * MAX_FAILURES }, () => ['not_found']);
    const phases = [...waiting.map(() => [QUEUED, 1] as const), gone, gone, [RUNNING, 1] as const, gone];
    const tails = { 1: [...waiting, ['unavailable'], ['unavailable'], ['a', 'unavailable'], ['a', 'b']] };
    expect(await logs([gone, ...phases, [SUCCEEDED, 1]], tails)).toEqual(['1 a', '1 b']);
  });

  it('fails with what Flyte fails with for too long', async () => {
    await expect(logs([[RUNNING, 1]], { 1: Array.from({ length: 30 }, () => ['unavailable']) })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const gone = Array.from({ length: 30 }, () => new FlyteError('unavailable', ''));
    await expect(logs([[RUNNING, 1], ...gone], { 1: [['a']] })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('fails where Flyte says no', async () => {
    await expect(logs([[RUNNING, 1]], { 1: [['permission_denied']] })).rejects.toMatchObject({
      code: 'permission_denied',
    });
  });
});

describe('cancellable', () => {
  it('ends with a signal that has fired before', async () => {
    const values = cancellable(
      async function* (signal) {
        signal.throwIfAborted();
        yield 1;
      },
      AbortSignal.abort(new Error('gone')),
    );
    await expect(all(values)).rejects.toThrow('gone');
  });

  it('can be left before it is read', async () => {
    let made = 0;
    const values = cancellable(async function* () {
      made += 1;
      yield made;
    });
    await values[Symbol.asyncIterator]().return?.();
    expect(made).toBe(0);
    expect(await all(values)).toEqual([1]);
  });
});
