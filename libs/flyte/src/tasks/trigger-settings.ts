import { type LiteralType, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { variablesOf } from '../literals/variables.js';
import { cronProblem } from '../protocol/cron-expression.js';
import { quoted } from '../protocol/path-hazard.js';
import { cutDescription } from './description.js';
import { parseDuration } from './duration.js';
import { envVarProblems } from './env-vars.js';
import { annotationProblems, labelProblems } from './kubernetes-names.js';
import { queueProblem } from './task-environment.js';
import type { Trigger, TriggerOptions } from './trigger.js';

/** A trigger with every default filled in and every value checked. */
export interface TriggerSettings {
  readonly name: string;
  readonly description: string;
  readonly active: boolean;
  readonly schedule:
    | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }
    | { readonly kind: 'fixedRate'; readonly minutes: number; readonly startTime?: Date | undefined };
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly kickoffTimeInput?: string | undefined;
  /** What its runs say beyond their task. */
  readonly run: Pick<
    TriggerOptions,
    'envVars' | 'labels' | 'annotations' | 'interruptible' | 'overwriteCache' | 'queue'
  >;
}

const OPTIONS = [
  ...(['name', 'description', 'active', 'inputs', 'kickoffTimeInput'] as const),
  ...(['envVars', 'labels', 'annotations', 'interruptible', 'overwriteCache', 'queue'] as const),
] satisfies (keyof TriggerOptions)[];

const MINUTE_MS = 60_000;
const MAX_NAME = 255;
// What Flyte's uint32 holds.
const MAX_MINUTES = 4_294_967_295;

/** Checks the triggers of a task. @param problems gets what is wrong, each to put behind "option " */
export function triggersOf(triggers: unknown, problems: string[]): readonly TriggerSettings[] {
  if (triggers === undefined) return [];
  if (!Array.isArray(triggers) || !triggers.every(isTrigger)) {
    problems.push(`"triggers" takes a list of triggers, such as [cron("0 2 * * *")]`);
    return [];
  }
  const checked = triggers.map((trigger, index) => {
    const found: string[] = [];
    const settings = settingsOf(trigger, found);
    problems.push(...found.map((problem) => `"triggers[${index}]" ${problem}`));
    return settings;
  });
  const names = checked.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    problems.push(`"triggers" has two named ${quoted(name)}: give one of them another "name"`);
  }
  return checked;
}

/** What is wrong with the inputs of triggers, by the schema of their task; whether the values fit is said when they are deployed. */
export function triggerInputProblems(
  triggers: readonly TriggerSettings[],
  schema: StandardSchemaV1 | undefined,
): string[] {
  const { list } = variablesOf(schema, 'inputs');
  return triggers.flatMap(({ name, inputs, kickoffTimeInput: kickoff }) => {
    const at = `option "triggers": the trigger ${quoted(name)}`;
    const unknown = Object.keys(inputs).filter((input) => !list.some((variable) => variable.name === input));
    const problems = unknown.map((input) => `${at} gives an input ${quoted(input)}, which the task has not`);
    if (kickoff === undefined) return problems;
    const type = list.find((variable) => variable.name === kickoff)?.shape.type;
    if (type === undefined)
      problems.push(`${at} has the "kickoffTimeInput" ${quoted(kickoff)}, which is no input of the task`);
    else if (!takesTime(type))
      problems.push(`${at} has the "kickoffTimeInput" ${quoted(kickoff)}, which takes no date-time`);
    if (Object.hasOwn(inputs, kickoff))
      problems.push(`${at} gives the input ${quoted(kickoff)}, which is its "kickoffTimeInput", too`);
    return problems;
  });
}

/** Also where it may be left out, which is a union with nothing. */
function takesTime({ type }: LiteralType): boolean {
  if (type.case === 'unionType') return type.value.variants.some(takesTime);
  return type.case === 'simple' && type.value === SimpleType.DATETIME;
}

function isTrigger(value: unknown): value is Trigger {
  if (typeof value !== 'object' || value === null || !('schedule' in value) || !('options' in value)) return false;
  const { schedule, options } = value;
  if (typeof schedule !== 'object' || schedule === null || typeof options !== 'object' || options === null)
    return false;
  return 'kind' in schedule && (schedule.kind === 'cron' || schedule.kind === 'fixedRate');
}

function settingsOf({ schedule, options }: Trigger, problems: string[]): TriggerSettings {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.some((known) => known === name)) {
      problems.push(`has ${JSON.stringify(name)}, which is unknown; there are ${OPTIONS.join(', ')}`);
    }
  }
  const { name = defaultName(schedule), description = '', active = true, inputs, kickoffTimeInput, ...run } = options;
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME) {
    problems.push(`takes a "name" of 1 to ${MAX_NAME} characters`);
  }
  if (typeof description !== 'string') problems.push('takes a text as "description"');
  for (const [option, value] of Object.entries({
    active,
    interruptible: run.interruptible,
    overwriteCache: run.overwriteCache,
  })) {
    if (value !== undefined && typeof value !== 'boolean') problems.push(`takes true or false as "${option}"`);
  }
  const isRecord = typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs);
  if (inputs !== undefined && !isRecord) problems.push('takes an object as "inputs"');
  if (kickoffTimeInput !== undefined && typeof kickoffTimeInput !== 'string') {
    problems.push('takes the name of an input as "kickoffTimeInput"');
  }
  const wrongQueue = queueProblem(run.queue);
  problems.push(
    ...envVarProblems(run.envVars).map((problem) => `"envVars" ${problem}`),
    ...labelProblems(run.labels).map((problem) => `"labels" ${problem}`),
    ...annotationProblems(run.annotations).map((problem) => `"annotations" ${problem}`),
    ...(wrongQueue === undefined ? [] : [`"queue" ${wrongQueue}`]),
  );
  return {
    ...{ name, active, kickoffTimeInput, run, schedule: scheduleOf(schedule, problems) },
    description: typeof description === 'string' ? cutDescription(description) : '',
    inputs: isRecord ? (inputs as Readonly<Record<string, unknown>>) : {},
  };
}

function scheduleOf(schedule: Trigger['schedule'], problems: string[]): TriggerSettings['schedule'] {
  if (schedule.kind === 'cron') {
    const wrong = [cronProblem(schedule.expression), timeZoneProblem(schedule.timeZone)];
    problems.push(...wrong.filter((problem) => problem !== undefined));
    return schedule;
  }
  const { every, startTime } = schedule;
  const { ms = 0, problem } = parseDuration(every);
  if (problem !== undefined) problems.push(`has a rate that ${problem}`);
  else if (ms % MINUTE_MS !== 0 || ms / MINUTE_MS > MAX_MINUTES) {
    problems.push(`has the rate ${quoted(every)}, and Flyte counts whole minutes: "15m", "6h", "1d"`);
  }
  if (startTime !== undefined && !(startTime instanceof Date && !Number.isNaN(startTime.getTime()))) {
    problems.push('takes a Date as "startTime"');
  }
  return { kind: 'fixedRate', minutes: ms / MINUTE_MS, startTime };
}

/** What is wrong with a time zone, to put behind the name of a trigger. */
function timeZoneProblem(zone: unknown): string | undefined {
  try {
    // An offset, which Node takes for a zone, Flyte doesn't know.
    if (typeof zone === 'string' && /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }))
      return undefined;
  } catch {
    // Said below.
  }
  return `has the time zone ${quoted(zone)}, which is unknown; write it as "Europe/Zurich"`;
}

/** The same for the same schedule, whatever else a task has. */
function defaultName(schedule: Trigger['schedule']): string {
  if (schedule.kind === 'fixedRate') return `every-${schedule.every}`;
  // What a caller without types gives is refused after this.
  const { expression, timeZone }: Readonly<Record<string, unknown>> = schedule;
  const words: Readonly<Record<string, string>> = { '*': 'x', '?': 'x', '/': 'by', ',': 'and', '-': 'to' };
  const fields = String(expression)
    .trim()
    .replaceAll(/[*?/,-]/g, (sign) => words[sign] ?? '');
  const zone = timeZone === 'UTC' ? '' : `-${String(timeZone)}`;
  return `cron-${fields}${zone}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/-$/g, '')
    .slice(0, MAX_NAME);
}
