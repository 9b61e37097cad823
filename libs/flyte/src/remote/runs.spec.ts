import { create } from '@bufbuild/protobuf';
import { array, assert, boolean, constantFrom, nat, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { LogLineSchema, type LogLine } from '../gen/flyteidl2/logs/dataplane/payload_pb.js';
import { ActionDetailsSchema } from '../gen/flyteidl2/workflow/run_definition_pb.js';
import { FlyteError } from '../errors/flyte-error.js';
import { FlyteFile } from '../literals/file.js';
import { TaskCodec } from '../literals/task-codec.js';
import { httpStatus, toHttpException } from '../auth/http-answer.js';
import { LogReplay } from './runs/log-replay.js';
import { plainValues } from './runs/plain-literals.js';
import { isDropped } from './connection/reconnect.js';
import { detailedRunInfo, phaseOf } from './runs/run-info.js';
import { checkRunName, inputsDigest, newRunName, runNameOf } from './runs/run-name.js';

describe('names of runs', () => {
  const valid = /^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$/;

  it('are DNS-1035 labels of at most 30 characters', () => {
    const names = Array.from({ length: 1_000 }, newRunName);
    expect(new Set(names).size).toBe(1_000);
    for (const name of names) expect(checkRunName(name)).toMatch(valid);
    assert(property(string(), string(), (task, key) => valid.test(runNameOf(task, key))));
  });

  it('of a key are the same everywhere, and of another task another', () => {
    expect(runNameOf('a.b', 'order-1')).toBe(runNameOf('a.b', 'order-1'));
    const names = [runNameOf('a.b', 'c'), runNameOf('a.c', 'c'), runNameOf('a', 'b.c'), runNameOf('a.b', 'd')];
    expect(new Set(names).size).toBe(4);
  });

  it('have inputs whose order makes no difference', async () => {
    const codec = new TaskCodec({ inputs: z.object({ a: z.int(), b: z.string() }) });
    const inputs = await codec.encodeInputs({ a: 1, b: 'x' });
    const turned = { ...inputs, literals: inputs.literals.toReversed() };
    expect(inputsDigest(turned)).toBe(inputsDigest(inputs));
    expect(inputsDigest(await codec.encodeInputs({ a: 2, b: 'x' }))).not.toBe(inputsDigest(inputs));
    const prices = new TaskCodec({ inputs: z.object({ prices: z.record(z.string(), z.int()) }) });
    const digest = async (given: Record<string, number>) => inputsDigest(await prices.encodeInputs({ prices: given }));
    expect(await digest({ y: 2, x: 1 })).toBe(await digest({ x: 1, y: 2 }));
  });
});

describe('LogReplay', () => {
  const line = ([at, message]: readonly [number | undefined, string]): LogLine =>
    create(LogLineSchema, { message, timestamp: at === undefined ? undefined : { seconds: BigInt(at) } });

  it('gives every line once, however often the stream begins anew', () => {
    const times = array(tuple(nat(5), constantFrom('a', 'b')), { maxLength: 20 });
    assert(
      property(times, array(nat(20), { maxLength: 5 }), boolean(), (given, drops, timed) => {
        const lines = given
          .toSorted(([one], [other]) => one - other)
          .map(([at, message]) => line([timed ? at : undefined, message]));
        const replay = new LogReplay();
        const seen: LogLine[] = [];
        // Each stream begins at the first line, and reaches further than the one before.
        for (const end of [...drops.toSorted((one, other) => one - other), lines.length]) {
          seen.push(...lines.slice(0, end).filter((one) => replay.isNew(one)));
          replay.again();
        }
        expect(seen).toEqual(lines);
      }),
    );
  });
});

describe('plain values', () => {
  it('are what the literals hold', async () => {
    const values = {
      text: 'x',
      whole: 5,
      big: 2n ** 60n,
      part: 0.5,
      yes: true,
      at: new Date(0),
      list: [1, 2],
      record: { a: 'b' },
      object: { deep: { n: 1 } },
      none: null,
      either: 'x',
      file: new FlyteFile({ uri: 's3://b/k' }),
      bytes: Uint8Array.of(0, 255),
    };
    const codec = new TaskCodec({
      inputs: z.object({
        ...{ text: z.string(), whole: z.int(), big: z.bigint(), part: z.number(), yes: z.boolean(), at: z.date() },
        ...{ list: z.array(z.int()), record: z.record(z.string(), z.string()), none: z.string().nullable() },
        object: z.object({ deep: z.object({ n: z.int() }) }),
        either: z.union([z.string(), z.int()]),
        file: z.instanceof(FlyteFile),
        bytes: z.instanceof(Uint8Array),
      }),
    });
    const { literals } = await codec.encodeInputs(values);
    expect(plainValues('inputs', literals)).toEqual({
      ...values,
      at: '1970-01-01T00:00:00Z',
      file: { uri: 's3://b/k' },
    });
  });
});

describe('a run', () => {
  it.each([
    [ActionPhase.UNSPECIFIED, 'queued'],
    [ActionPhase.WAITING_FOR_RESOURCES, 'queued'],
    [ActionPhase.INITIALIZING, 'queued'],
    [ActionPhase.PAUSED, 'running'],
    [ActionPhase.TIMED_OUT, 'timed_out'],
    [10, 'succeeded'],
    [99, 'queued'],
  ])('of phase %d is %s', (phase, word) => expect(phaseOf(phase)).toBe(word));

  it('that says nothing is queued, and not done', () => {
    expect(detailedRunInfo(create(ActionDetailsSchema))).toMatchObject({
      phase: 'queued',
      done: false,
      error: undefined,
    });
  });
});

describe('errors of runs', () => {
  it.each(['task_failed', 'run_aborted', 'run_timed_out'] as const)(
    '%s is 502, and tells a client which run it was',
    (code) => {
      const error = new FlyteError(code, 'Run r1 failed: inner matters', {
        run: { name: 'r1', action: 'a0', task: 'a.b', phase: 'failed', attempt: 1, origin: 'user' },
      });
      expect(httpStatus(error)).toBe(502);
      expect(toHttpException(error).getResponse()).toEqual({
        statusCode: 502,
        message: 'Run r1 of a.b failed.',
        error: 'Bad Gateway',
        code,
        run: { name: 'r1', task: 'a.b', phase: 'failed' },
      });
    },
  );

  it('tell a dropped stream from an answer', () => {
    expect(isDropped(new FlyteError('unavailable', ''))).toBe(true);
    expect(isDropped(new FlyteError('invalid_argument', 'no'))).toBe(false);
    expect(isDropped(new FlyteError('unauthenticated', ''))).toBe(false);
    expect(isDropped(new Error('x'))).toBe(false);
  });
});
