import type { SecretRequest } from '../secrets/secret-request.js';
import type { DurationText } from './duration.js';
import type { PodTemplate } from './pod-template.js';
import type { Resources } from './resources.js';
import type { Schema } from './schema.js';
import type { TaskEnvironment } from './task-environment.js';
import type { Trigger } from './trigger.js';
import type { GivenByTrigger } from './typing.js';

/** How long to wait before the n-th retry, from 0: `base × factorⁿ`, and never longer than `cap`. */
export interface Backoff {
  readonly base: DurationText;
  /** 1 or more. 1, the same wait each time, if not given. */
  readonly factor?: number | undefined;
  /** Needed with a factor above 1. */
  readonly cap?: DurationText | undefined;
}

/** How often a task that failed is tried again. */
export interface Retries {
  readonly count: number;
  /** At once if not given. Flyte's open-source backend ignores it: it tries again at once. */
  readonly backoff?: Backoff | undefined;
}

/** How long a task may take; what is left out has no limit. Python's `flyte.Timeout`. */
export interface Timeout {
  /** Of each attempt, from when it runs. */
  readonly maxRuntime?: DurationText | undefined;
  /** Of each attempt, until it runs. Flyte's open-source backend ignores it, and an action that does not run can't keep it. */
  readonly maxQueuedTime?: DurationText | undefined;
  /** Of all attempts together, waiting included. */
  readonly deadline?: DurationText | undefined;
}

/** Whether Flyte keeps outputs and gives them again for the same inputs. */
export interface Cache {
  /** Change it when the code gives other outputs for the same inputs. */
  readonly version: string;
  /** Let equal runs wait for the first, instead of running them all. */
  readonly serialize?: boolean | undefined;
  /** Inputs that don't make a difference. */
  readonly ignoredInputs?: readonly string[] | undefined;
}

/** What the one who implements a task decides, whoever wrote its contract. */
export interface ImplementOptions<I extends Schema = Schema> {
  /** Secrets it receives, besides those of its environment. */
  readonly secrets?: SecretRequest | undefined;
  /** Its environment, in place of the class's. */
  readonly env?: TaskEnvironment | undefined;
  /** What Flyte shows, at most 63 characters. The method's name if not given. */
  readonly shortName?: string | undefined;
  /** How often it is tried again after it failed. Never if not given. */
  readonly retries?: number | Retries | undefined;
  /** How long it may take: `'5m'` for each attempt's run time. No limit if not given. */
  readonly timeout?: DurationText | Timeout | undefined;
  /** Whether Flyte keeps outputs. `disable` if not given. */
  readonly cache?: 'disable' | Cache | undefined;
  /** Whether it may run on machines that can be taken away; the environment's if not given. */
  readonly interruptible?: boolean | undefined;
  /** What its container gets, field by field in place of the environment's. */
  readonly resources?: Resources | undefined;
  /** Variables of its process, over the environment's. Never for secrets. */
  readonly envVars?: Readonly<Record<string, string>> | undefined;
  /** The pod it runs in, in place of the environment's. */
  readonly podTemplate?: string | PodTemplate | undefined;
  /** The queue that its runs go to, in place of the environment's. */
  readonly queue?: string | undefined;
  /** What it does. Cut at 255 bytes, as Flyte does. */
  readonly description?: string | undefined;
  /** When Flyte runs it by itself once it is deployed, made by `cron` and `fixedRate`. They take the place of those that it had. */
  readonly triggers?: readonly Trigger<GivenByTrigger<I>>[] | undefined;
}

/** Options of `@Task`. */
export interface TaskOptions<I extends Schema = Schema, O extends Schema = Schema> extends ImplementOptions<I> {
  /** What it takes: an object schema, whose fields name the inputs. No inputs if not given. */
  readonly inputs?: I;
  /** What it gives: an object schema names the outputs, a tuple gives `o0`, `o1`, …, anything else is `o0`. */
  readonly outputs?: O;
  /** The second part of its name, in place of the method's name. */
  readonly name?: string | undefined;
}

/** The options of `@Task`, for messages about others. */
export const TASK_OPTIONS = [
  ...(['inputs', 'outputs', 'name', 'secrets', 'env', 'shortName', 'retries', 'timeout'] as const),
  ...(['cache', 'interruptible', 'resources', 'envVars', 'podTemplate', 'queue', 'description', 'triggers'] as const),
] satisfies (keyof TaskOptions)[];
