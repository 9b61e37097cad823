import type { DurationText } from './duration.js';

/** Options of a trigger, whatever fires it. What is left out is as the task says. Python's `flyte.Trigger`. */
export interface TriggerOptions<In = unknown> {
  /**
   * Its name, of those of its task: by this it is paused and found again. Made of the schedule if not given, so that another schedule makes
   * another trigger.
   */
  readonly name?: string | undefined;
  /** What it is for. Cut at 255 bytes, as Flyte does. */
  readonly description?: string | undefined;
  /** Whether it fires once it is deployed. True if not given. A deployment sets it anew. */
  readonly active?: boolean | undefined;
  /** What its runs are given. All that the task needs, but for `kickoffTimeInput`. */
  readonly inputs?: In;
  /** The input that is given the time that the run was due for: a date-time. */
  readonly kickoffTimeInput?: string | undefined;
  /** Variables of the process, over those of the task. Never for secrets. */
  readonly envVars?: Readonly<Record<string, string>> | undefined;
  /** Labels of the runs and their pods, as Kubernetes allows them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Annotations of the runs and their pods, over those of the task. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Whether its runs may be on machines that can be taken away, in place of what the task says. */
  readonly interruptible?: boolean | undefined;
  /** Whether to run where Flyte has the outputs in its cache, and to keep the new ones. */
  readonly overwriteCache?: boolean | undefined;
  /** The queue that its runs go to, in place of the task's. */
  readonly queue?: string | undefined;
}

/** Options of {@link cron}. */
export interface CronOptions<In = unknown> extends TriggerOptions<In> {
  /**
   * Whose clock the expression is read by: an IANA name, such as `Europe/Zurich`. UTC if not given. A time that the clock leaves out when
   * it is put forward does not fire that day, and one that it shows twice when it is put back fires twice.
   */
  readonly timeZone?: string | undefined;
}

/** Options of {@link fixedRate}. */
export interface FixedRateOptions<In = unknown> extends TriggerOptions<In> {
  /** When it fires first. If not given, so long after it is deployed or activated. */
  readonly startTime?: Date | undefined;
}

/** When Flyte runs a task by itself, and with what: made by {@link cron} or {@link fixedRate}, for `@Task({ triggers })`. Plain data. */
export interface Trigger<In = unknown> {
  readonly schedule:
    | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }
    | { readonly kind: 'fixedRate'; readonly every: DurationText; readonly startTime?: Date | undefined };
  readonly options: TriggerOptions<In>;
}

/**
 * A trigger that fires when the clock shows what an expression says.
 *
 * ```ts
 * @Task({ inputs: z.object({ day: z.string() }), triggers: [cron('0 2 * * *', { timeZone: 'Europe/Zurich', inputs: { day: 'today' } })] })
 * ```
 *
 * What is wrong with it is said when the app starts.
 *
 * @param expression five fields: minute, hour, day of the month, month, day of the week (0, Sunday, to 6); or `@daily` and its like
 */
export function cron<In = never>(expression: string, options: CronOptions<In> = {}): Trigger<In> {
  const { timeZone = 'UTC', ...others } = options;
  return { schedule: { kind: 'cron', expression, timeZone }, options: others };
}

/**
 * A trigger that fires every so often.
 *
 * What is wrong with it is said when the app starts.
 *
 * @param every whole minutes: `'15m'`, `'6h'`, `'1d'`
 */
export function fixedRate<In = never>(every: DurationText, options: FixedRateOptions<In> = {}): Trigger<In> {
  const { startTime, ...others } = options;
  return { schedule: { kind: 'fixedRate', every, startTime }, options: others };
}
