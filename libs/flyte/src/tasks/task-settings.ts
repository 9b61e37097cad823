import { MAX_RETRIES } from '../protocol/limits.js';
import { cutDescription } from './description.js';
import { parseDuration } from './duration.js';
import { envVarProblems } from './env-vars.js';
import { checkedPodTemplate } from './pod-template.js';
import { resourcesProblems, type Resources } from './resources.js';
import { queueProblem, type TaskEnvironment } from './task-environment.js';
import { triggersOf, type TriggerSettings } from './trigger-settings.js';
import {
  TASK_OPTIONS,
  type Backoff,
  type Cache,
  type Retries,
  type TaskOptions,
  type Timeout,
} from './task-options.js';

/** Options of a task with every default filled in and every value checked; times in milliseconds. */
export interface TaskSettings {
  readonly retries: number;
  readonly backoff?:
    { readonly baseMs: number; readonly factor: number; readonly capMs?: number | undefined } | undefined;
  readonly maxRuntimeMs?: number | undefined;
  readonly maxQueuedTimeMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly cache?: Cache | undefined;
  readonly interruptible: boolean;
  readonly resources: Resources;
  readonly envVars: Readonly<Record<string, string>>;
  readonly description: string;
  readonly podTemplate?: TaskEnvironment['podTemplate'];
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount?: string | undefined;
  readonly queue?: string | undefined;
  readonly triggers: readonly TriggerSettings[];
}

/** What is wrong with a task's options, a text each, to put behind "option ". All are told at once. */
export type Problems = string[];

/** Checks the options of a task, and adds what its environment gives. */
export function settingsOf(options: TaskOptions, environment: TaskEnvironment, problems: Problems): TaskSettings {
  for (const name of Object.keys(options)) {
    if (!TASK_OPTIONS.some((known) => known === name)) {
      problems.push(`${JSON.stringify(name)} is unknown; there are ${TASK_OPTIONS.join(', ')}`);
    }
  }
  for (const name of ['description', 'shortName'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'string') problems.push(`"${name}" takes text`);
  }
  const resources = { ...environment.resources, ...defined(options.resources ?? {}) };
  if (options.resources) problems.push(...resourcesProblems(resources).map((problem) => `"resources": ${problem}`));
  problems.push(...envVarProblems(options.envVars).map((problem) => `"envVars" ${problem}`));
  if (options.interruptible !== undefined && typeof options.interruptible !== 'boolean') {
    problems.push('"interruptible" takes true or false');
  }
  const podProblems: string[] = [];
  const podTemplate = checkedPodTemplate(options.podTemplate, podProblems);
  problems.push(...podProblems.map((problem) => `"podTemplate" ${problem}`));
  const wrongQueue = queueProblem(options.queue);
  if (wrongQueue !== undefined) problems.push(`"queue" ${wrongQueue}`);
  return {
    ...retriesOf(options.retries, problems),
    ...timeoutOf(options.timeout, problems),
    cache: cacheOf(options.cache, problems),
    interruptible: options.interruptible ?? environment.interruptible,
    resources,
    envVars: { ...environment.envVars, ...options.envVars },
    podTemplate: podTemplate ?? environment.podTemplate,
    annotations: environment.annotations,
    serviceAccount: environment.serviceAccount,
    queue: options.queue ?? environment.queue,
    triggers: triggersOf(options.triggers, problems),
    description: typeof options.description === 'string' ? cutDescription(options.description) : '',
  };
}

function retriesOf(
  retries: number | Retries | undefined,
  problems: Problems,
): Pick<TaskSettings, 'retries' | 'backoff'> {
  const { count, backoff, ...others } = typeof retries === 'object' ? retries : { count: retries ?? 0 };
  unknownFields('retries', others, 'count and backoff', problems);
  if (!Number.isInteger(count) || count < 0 || count > MAX_RETRIES) {
    problems.push(`"retries" takes a whole number from 0 to ${MAX_RETRIES}, or { count, backoff }`);
  }
  return { retries: count, backoff: backoff === undefined ? undefined : backoffOf(backoff, problems) };
}

function backoffOf({ base, factor = 1, cap, ...others }: Backoff, problems: Problems): TaskSettings['backoff'] {
  unknownFields('retries.backoff', others, 'base, factor and cap', problems);
  if (!Number.isFinite(factor) || factor < 1) problems.push('"retries.backoff.factor" takes a number of 1 or more');
  if (factor > 1 && cap === undefined) problems.push('"retries.backoff.cap" is needed with a factor above 1');
  return {
    baseMs: durationOf('retries.backoff.base', base, problems, 'allowed') ?? 0,
    factor,
    capMs: cap === undefined ? undefined : durationOf('retries.backoff.cap', cap, problems, 'allowed'),
  };
}

function timeoutOf(
  timeout: TaskOptions['timeout'],
  problems: Problems,
): Pick<TaskSettings, 'maxRuntimeMs' | 'maxQueuedTimeMs' | 'deadlineMs'> {
  if (timeout === undefined) return {};
  if (typeof timeout !== 'object' || timeout === null)
    return { maxRuntimeMs: durationOf('timeout', timeout, problems) };
  const { maxRuntime, maxQueuedTime, deadline, ...others }: Timeout = timeout;
  unknownFields('timeout', others, 'maxRuntime, maxQueuedTime and deadline', problems);
  const bound = (name: string, value: unknown): number | undefined =>
    value === undefined ? undefined : durationOf(`timeout.${name}`, value, problems);
  return {
    maxRuntimeMs: bound('maxRuntime', maxRuntime),
    maxQueuedTimeMs: bound('maxQueuedTime', maxQueuedTime),
    deadlineMs: bound('deadline', deadline),
  };
}

function durationOf(
  name: string,
  value: unknown,
  problems: Problems,
  zero: 'allowed' | 'refused' = 'refused',
): number | undefined {
  const { ms, problem } = parseDuration(value, zero);
  if (problem !== undefined) problems.push(`"${name}" ${problem}`);
  return ms;
}

function cacheOf(cache: TaskOptions['cache'], problems: Problems): Cache | undefined {
  if (cache === undefined || cache === 'disable') return undefined;
  if (typeof cache !== 'object' || cache === null || typeof cache.version !== 'string' || cache.version === '') {
    problems.push('"cache" takes "disable", or { version }; change the version when the outputs would differ');
    return undefined;
  }
  const { version, serialize, ignoredInputs, ...others } = cache;
  unknownFields('cache', others, 'version, serialize and ignoredInputs', problems);
  return { version, serialize, ignoredInputs };
}

function unknownFields(option: string, others: object, known: string, problems: Problems): void {
  for (const name of Object.keys(others)) problems.push(`"${option}.${name}" is unknown; there are ${known}`);
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;
}
