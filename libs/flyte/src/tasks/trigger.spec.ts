import { create, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { InputsSchema, NamedLiteralSchema } from '../gen/flyteidl2/task/common_pb.js';
import { TaskTriggerSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { TaskCodec } from '../literals/task-codec.js';
import { definedTask } from './task-definition.js';
import { collectTasks } from './task-registry.js';
import type { TaskOptions } from './task-options.js';
import { Task, Tasks } from './task.decorators.js';
import { cron, fixedRate } from './trigger.js';
import { triggerToWire } from './trigger-wire.js';

const inputs = z.object({
  city: z.string(),
  copies: z.int().default(1),
  at: z.date().optional(),
  text: z.iso.datetime().optional(),
});

/** A class with one task whose triggers the compiler may refuse. */
function withTriggers(triggers: unknown): new () => object {
  @Tasks()
  class Triggered {
    @Task({ inputs, triggers } as unknown as TaskOptions<undefined, undefined>) method() {
      void 0;
    }
  }
  return Triggered;
}

const problemsOf = (triggers: unknown): string =>
  collectTasks({ classes: [withTriggers(triggers)] }).problems.join('\n');
const settingsOf = (...triggers: unknown[]) => definedTask(withTriggers(triggers), 'method').settings.triggers;

describe('the name of a trigger', () => {
  it.each([
    [cron('0 2 * * *'), 'cron-0-2-x-x-x'],
    [cron(' 0  2 * * * '), 'cron-0-2-x-x-x'],
    [cron('*/15 9-17 1,15 JAN ?', { timeZone: 'Europe/Zurich' }), 'cron-xby15-9to17-1and15-jan-x-europe-zurich'],
    [cron('@daily'), 'cron-daily'],
    [fixedRate('90m'), 'every-90m'],
    [fixedRate('1.5h', { name: 'Größe' }), 'Größe'],
  ])('is made of its schedule, or given: %j', (trigger, name) => {
    expect(settingsOf(trigger).map((one) => one.name)).toEqual([name]);
  });

  it('is that of one trigger of a task', () => {
    expect(problemsOf([cron('0 2 * * *'), cron('0  2 * * *')])).toMatch(/"triggers" has two named "cron-0-2-x-x-x"/);
    expect(problemsOf([cron('0 2 * * *'), cron('0 2 * * *', { name: 'again' })])).toBe('');
  });
});

describe('triggers that are wrong are said at start', () => {
  it.each([
    ['not a list', cron('0 2 * * *'), /"triggers" takes a list of triggers/],
    ['a text', ['0 2 * * *'], /"triggers" takes a list of triggers/],
    ['four fields', [cron('0 2 * *')], /"triggers\[0\]" has the expression "0 2 \* \*", of 4 fields; write five/],
    ['no fields', [cron('')], /of 0 fields/],
    ['a wrong minute', [cron('60 * * * *')], /whose minute is "60"; it takes 0 to 59/],
    ['a Sunday of 7', [cron('0 0 * * 7')], /whose day of the week is "7"; it takes 0 to 6, or sun to sat/],
    ['a month of 0', [cron('0 0 1 0 *')], /whose month is "0"/],
    ['a range backwards', [cron('0 17-9 * * *')], /whose hour is "17-9"/],
    ['a step of 0', [cron('*/0 * * * *')], /whose minute is "\*\/0"/],
    ['the last day', [cron('0 0 L * *')], /whose day of the month is "L"/],
    ['no text', [cron(5 as never)], /takes a cron expression as text/],
    [
      'an unknown zone',
      [cron('@daily', { timeZone: 'Nowhere/Land' })],
      /has the time zone "Nowhere\/Land", which is unknown/,
    ],
    ['an offset', [cron('@daily', { timeZone: '+01:00' })], /has the time zone "\+01:00"/],
    ['a bare number', [fixedRate(5 as never)], /has a rate that is the bare number 5/],
    ['seconds', [fixedRate('90s')], /has the rate "90s", and Flyte counts whole minutes/],
    ['no time', [fixedRate('0m')], /has a rate that is zero/],
    ['no date', [fixedRate('5m', { startTime: new Date('x') })], /takes a Date as "startTime"/],
    ['an unknown option', [cron('@daily', { zone: 'UTC' } as never)], /has "zone", which is unknown; there are name,/],
    ['an empty name', [cron('@daily', { name: '' })], /takes a "name" of 1 to 255 characters/],
    ['a wrong switch', [cron('@daily', { active: 'no' as never })], /takes true or false as "active"/],
    [
      'a wrong variable',
      [cron('@daily', { envVars: { RUN_NAME: 'x' } })],
      /"envVars" has "RUN_NAME", which Flyte sets itself/,
    ],
    ['a wrong label', [cron('@daily', { labels: { '-': 'x' } })], /"labels" has "-"/],
    ['a queue of blanks', [cron('@daily', { queue: ' ' })], /"queue" takes a name without blanks/],
    [
      'an unknown input',
      [cron('@daily', { inputs: { town: 'Bern' } })],
      /gives an input "town", which the task has not/,
    ],
    ['a list of inputs', [cron('@daily', { inputs: ['Bern'] })], /takes an object as "inputs"/],
    [
      'a time for no input',
      [cron('@daily', { kickoffTimeInput: 'due' })],
      /"kickoffTimeInput" "due", which is no input of the task/,
    ],
    [
      'a time for a text',
      [cron('@daily', { kickoffTimeInput: 'city' })],
      /"kickoffTimeInput" "city", which takes no date-time/,
    ],
    [
      'a time twice',
      [cron('@daily', { kickoffTimeInput: 'at', inputs: { at: new Date(0) } })],
      /gives the input "at", which is its "kickoffTimeInput", too/,
    ],
  ])('%s', (_what, triggers, message) => {
    expect(problemsOf(triggers)).toMatch(message);
  });

  it('all at once', () => {
    expect(problemsOf([cron('x'), fixedRate('1s')]).split('\n')).toHaveLength(2);
  });
});

describe('a trigger on the wire', () => {
  const wireOf = async (trigger: unknown) => {
    const task = definedTask(withTriggers([trigger]), 'method');
    const [settings] = task.settings.triggers;
    if (settings === undefined) throw new Error('a task without triggers');
    const { trigger: message, inputs: given } = await triggerToWire(task, settings);
    return { trigger: toJson(TaskTriggerSchema, message), inputs: toJson(InputsSchema, given) };
  };

  it('is as Python writes it', async () => {
    const written = await wireOf(
      cron('0 2 * * *', {
        timeZone: 'Europe/Zurich',
        inputs: { city: 'Bern' },
        kickoffTimeInput: 'at',
        interruptible: true,
      }),
    );
    expect(written).toMatchObject({
      trigger: {
        name: 'cron-0-2-x-x-x-europe-zurich',
        spec: { active: true, runSpec: { interruptible: true } },
        automationSpec: {
          type: 'TYPE_SCHEDULE',
          schedule: { cron: { expression: '0 2 * * *', timezone: 'Europe/Zurich' }, kickoffTimeInputArg: 'at' },
        },
      },
      inputs: { literals: [{ name: 'city' }], context: [{ key: '_u_kickoff_time_input_arg', value: 'at' }] },
    });
    expect((await wireOf(cron('@daily', { inputs: { city: 'x' }, kickoffTimeInput: 'text' }))).inputs).toMatchObject({
      literals: [{ name: 'city' }],
    });
  });

  it('counts a rate in minutes', async () => {
    const startTime = new Date('2026-01-01T00:00:00Z');
    expect(
      (await wireOf(fixedRate('1.5h', { startTime, inputs: { city: 'x' }, active: false }))).trigger,
    ).toMatchObject({
      automationSpec: {
        schedule: { rate: { value: 90, unit: 'FIXED_RATE_UNIT_MINUTE', startTime: '2026-01-01T00:00:00Z' } },
      },
    });
  });

  it.each([{}, { city: 5 }, { city: 'x', at: 'soon' }])('is refused with inputs that do not fit: %j', async (wrong) => {
    await expect(wireOf(cron('@daily', { inputs: wrong }))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(
        /^The trigger "cron-daily" of the task "default.method" has inputs that the task does not take: /,
      ),
    });
  });
});

describe('the time that a run was due for', () => {
  const time = { $typeName: 'google.protobuf.Timestamp' as const, seconds: 86_400n, nanos: 0 };
  const literal = create(NamedLiteralSchema, {
    name: 'at',
    value: {
      value: {
        case: 'scalar',
        value: { value: { case: 'primitive', value: { value: { case: 'datetime', value: time } } } },
      },
    },
  });

  // Flyte sends it bare, whatever the input's type is.
  it.each([z.object({ at: z.date() }), z.object({ at: z.date().optional() }), z.object({ at: z.date().nullable() })])(
    '%# is read where an input is one, and where it may be one',
    async (schema: z.ZodType) => {
      const codec = new TaskCodec({ inputs: schema });
      expect(await codec.decodeInputs({ literals: [literal] })).toEqual({ at: new Date('1970-01-02T00:00:00Z') });
    },
  );
});
