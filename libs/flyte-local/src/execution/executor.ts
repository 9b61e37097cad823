import { setTimeout as sleep } from 'node:timers/promises';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ErrorInfo_Kind, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { textOf, type ActionKey } from '../runs/action-id.js';
import {
  addAttempt,
  advance,
  endAction,
  endAttempt,
  errorInfo,
  isAborted,
  isOpen,
  isTerminal,
  lastAttempt,
  markAborted,
  type AttemptEnd,
} from '../runs/action-record.js';
import type { Literal } from 'nestjs-flyte/idl/core/literals';
import { MAX_TIMER_MS } from 'nestjs-flyte/protocol';
import type { ActionStore } from '../runs/action-store.js';
import { codeOf } from '../state/atomic-file.js';
import { DamagedState, isFull } from '../state/state-problem.js';
import type { AttemptResult, StopReason } from './attempts/attempt-result.js';
import type { AttemptRunner } from './attempts/attempt-runner.js';
import { Conditions } from './conditions.js';
import { retryPolicy, type RetryPolicy } from './retry.js';

/** Why what was called is ended with its caller. */
const PARENT_ENDED = 'The action that called it has ended.';

/** How often it is tried whether there is room again, in milliseconds. */
const ROOM_INTERVAL_MS = 500;

interface Job {
  readonly key: ActionKey;
  readonly policy: RetryPolicy;
  /** Ends what runs; present while something does. */
  running: AbortController | undefined;
  /** The wait for a turn or for a retry. */
  waiting: NodeJS.Timeout | undefined;
  deadline: NodeJS.Timeout | undefined;
  /** What called it; undefined for the root of a run. */
  readonly parent: ActionKey | undefined;
  /** How many called each other before it. */
  readonly depth: number;
}

/** How many processes there may be for each that may do something: the others wait for what they called. */
const MOST_WAITING = 16;

/**
 * How much longer than its limit an attempt may run before its process is ended, in milliseconds. The runtime of `nestjs-flyte` counts from when
 * Node has started, and is to be first: it has the attempt fail, after which the next one calls again what did not succeed, as on a cluster.
 */
const OWN_END_MS = 2_000;

/**
 * Takes actions through their phases: first come, first served, and only so many at a time. One that waits for what it called is not
 * counted, or the first that call something would keep everybody waiting; and what was called goes before what would call more. Its process is
 * there all the same, so there is a most of these, too.
 */
export class Executor {
  readonly #jobs = new Map<string, Job>();
  /** How much of what an action called has not ended. */
  readonly #called = new Map<string, number>();
  readonly #queue: Job[] = [];
  readonly #active = new Map<Job, Promise<void>>();
  readonly #conditions: Conditions;
  readonly #closing = new AbortController();

  /**
   * @param store the actions
   * @param runner runs their attempts
   * @param limit how many attempts run at a time
   * @param warn is told when an action can't be taken further, because its record can't be written
   */
  constructor(
    private readonly store: ActionStore,
    private readonly runner: Pick<AttemptRunner, 'run'>,
    private readonly limit: number,
    private readonly warn: (message: string) => void,
  ) {
    this.#conditions = new Conditions(store, (key, details) => this.#ended(parentOf(key, details)), warn);
  }

  /**
   * Takes up what a plane before this one left: what was queued is queued again in the same order, and an attempt that was
   * running has failed by the system's fault, which a retry may mend if the task has any left.
   */
  recover(): void {
    for (const key of this.store.listOpen()) {
      const details = this.#recovered(key);
      if (details?.spec.case === 'condition' && isOpen(details)) this.open(key, details);
      else if (details !== undefined && isOpen(details) && !this.#jobs.has(textOf(key))) this.submit(key, details);
    }
  }

  /** Undefined for a record that can't be read, which keeps nobody from the others. */
  #recovered(key: ActionKey): ActionDetails | undefined {
    try {
      return this.store.update(key, (record): boolean => {
        const { phase } = lastAttempt(record);
        if (this.#hasLostParent(key, record)) markAborted(record, PARENT_ENDED, undefined);
        if (isAborted(record)) endAttempt(record, { phase: ActionPhase.ABORTED });
        else if (record.spec.case === 'condition') return false;
        // No process had been started yet, so nothing has happened twice when it starts now.
        else if (phase === ActionPhase.INITIALIZING) advance(record, ActionPhase.QUEUED);
        else if (phase === ActionPhase.RUNNING) interrupted(record);
        else return false;
        return true;
      });
    } catch (error) {
      if (!(error instanceof DamagedState)) throw error;
      this.warn(error.message);
      return undefined;
    }
  }

  /** Puts a stored action in the queue. */
  submit(key: ActionKey, details: ActionDetails): void {
    const policy = policyOf(details);
    const parent = parentOf(key, details);
    const depth = parent === undefined ? 0 : (this.#jobs.get(textOf(parent))?.depth ?? 0) + 1;
    const job: Job = { key, policy, parent, depth, running: undefined, waiting: undefined, deadline: undefined };
    this.#jobs.set(textOf(key), job);
    this.#began(parent);
    if (policy.deadlineMs !== undefined) {
      const started = details.status?.startTime === undefined ? Date.now() : timestampMs(details.status.startTime);
      const left = Math.max(0, started + policy.deadlineMs - Date.now());
      job.deadline = setTimeout(() => this.#stop(job, 'deadline'), left);
    }
    this.#enqueue(job);
  }

  /** Holds a stored condition open. */
  open(key: ActionKey, details: ActionDetails): void {
    this.#began(parentOf(key, details));
    this.#conditions.open(key);
    // Whoever asks takes no turn.
    this.#fill();
  }

  /** Gives a condition its answer. */
  answer(key: ActionKey, value: Literal, by: EnrichedIdentity): void {
    this.#conditions.answer(key, value, by);
  }

  /**
   * Aborts an action, and what it called: the records say so at once, and the processes are ended. What has ended stays as it is.
   *
   * @returns false if there is no such action
   */
  abort(key: ActionKey, reason: string, abortedBy: EnrichedIdentity | undefined): boolean {
    const details = this.store.update(key, (record) => markAborted(record, reason, abortedBy));
    if (details === undefined) return false;
    this.#halt(key, details);
    this.#abortBelow(key, reason, abortedBy);
    return true;
  }

  #abortBelow(key: ActionKey, reason: string, abortedBy: EnrichedIdentity | undefined): void {
    for (const one of this.store.openBelow(key)) {
      const below = this.store.update(one, (record) => markAborted(record, reason, abortedBy));
      if (below !== undefined) this.#halt(one, below);
    }
  }

  /** Whether what called an action has ended: a plane that was killed may have left the one and not the other. */
  #hasLostParent(key: ActionKey, record: ActionDetails): boolean {
    const parent = parentOf(key, record);
    const phase = parent && this.store.get(parent)?.status?.phase;
    return phase !== undefined && isTerminal(phase);
  }

  #halt(key: ActionKey, details: ActionDetails): void {
    if (details.spec.case === 'condition') return this.#conditions.forget(key);
    const job = this.#jobs.get(textOf(key));
    if (job !== undefined) this.#stop(job, 'aborted');
  }

  #began(parent: ActionKey | undefined): void {
    if (parent === undefined) return;
    this.#called.set(textOf(parent), (this.#called.get(textOf(parent)) ?? 0) + 1);
  }

  #ended(parent: ActionKey | undefined): void {
    if (parent === undefined) return;
    const left = (this.#called.get(textOf(parent)) ?? 1) - 1;
    if (left > 0) this.#called.set(textOf(parent), left);
    else this.#called.delete(textOf(parent));
  }

  /** Ends every process. The records stay as they are, for the next start to take up. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#conditions.close();
    for (const job of this.#jobs.values()) {
      clearTimeout(job.waiting);
      clearTimeout(job.deadline);
      job.running?.abort('shutdown' satisfies StopReason);
    }
    await Promise.all(this.#active.values());
  }

  #enqueue(job: Job): void {
    const { maxQueuedMs } = job.policy;
    this.#queue.push(job);
    if (maxQueuedMs !== undefined) job.waiting = setTimeout(() => this.#stop(job, 'queued_too_long'), maxQueuedMs);
    this.#fill();
  }

  #fill(): void {
    while (!this.#closing.signal.aborted && this.#hasTurn()) {
      const job = this.#next();
      if (job === undefined) return;
      this.#queue.splice(this.#queue.indexOf(job), 1);
      clearTimeout(job.waiting);
      const done = this.#occupy(job);
      this.#active.set(job, done);
      void this.#release(job, done);
    }
  }

  #hasTurn(): boolean {
    if (this.#active.size < this.limit) return true;
    const busy = [...this.#active.keys()].filter(({ key }) => !this.#called.has(textOf(key)));
    return busy.length < this.limit;
  }

  /** Of those that were called by the most others, the first. Where the machine is full of what waits, only what that can't go on without. */
  #next(): Job | undefined {
    const jobs = this.#active.size < this.limit * MOST_WAITING ? this.#queue : this.#needed();
    const deepest = jobs.reduce((most, { depth }) => Math.max(most, depth), 0);
    return jobs.find(({ depth }) => depth === deepest);
  }

  /** What was called by an action of whose calls none runs: left in the queue, it would keep that waiting for ever. */
  #needed(): Job[] {
    const served = new Set(Array.from(this.#active.keys(), ({ parent }) => parent && textOf(parent)));
    return this.#queue.filter(({ parent }) => parent !== undefined && !served.has(textOf(parent)));
  }

  async #occupy(job: Job): Promise<void> {
    try {
      await this.#attempt(job);
    } catch (error) {
      this.#left(job, error);
    }
  }

  #left(job: Job, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.warn(`The run ${job.key.run} stays as it is until the next start (${codeOf(error)}).`);
  }

  /**
   * Stores what has happened to an action. Where the disk is full, it waits for room: nobody else would remember it.
   *
   * @throws the system's error where something else is wrong, and an AbortError once the plane closes
   */
  async #keep({ key }: Job, change: (record: ActionDetails) => void): Promise<ActionDetails | undefined> {
    for (let isWaiting = false; ; isWaiting = true) {
      try {
        return this.store.update(key, change);
      } catch (error) {
        if (!isFull(error)) throw error;
        if (!isWaiting) {
          this.warn(
            `The disk of the state folder is full (${codeOf(error)}): the run ${key.run} goes on once its state can be stored. ` +
              'Free some space there.',
          );
        }
      }
      // oxlint-disable-next-line no-await-in-loop -- until there is room
      await sleep(ROOM_INTERVAL_MS, undefined, { signal: this.#closing.signal });
    }
  }

  async #release(job: Job, done: Promise<void>): Promise<void> {
    await done;
    this.#active.delete(job);
    this.#fill();
  }

  async #attempt(job: Job): Promise<void> {
    const control = new AbortController();
    job.running = control;
    const details = await this.#keep(job, (record) => advance(record, ActionPhase.INITIALIZING));
    if (details === undefined) return this.#forget(job);
    const runSpec = this.store.runSpec(job.key);
    const request = { key: job.key, details, runSpec, attempt: details.attempts.length };
    let timer: NodeJS.Timeout | undefined;
    const result = await this.runner.run(request, {
      stop: control.signal,
      onRunning: async () => {
        await this.#keep(job, (record) => {
          advance(record, ActionPhase.RUNNING);
          lastAttempt(record).logsAvailable = true;
        });
        const { maxRuntimeMs } = job.policy;
        if (maxRuntimeMs === undefined) return;
        const ms = Math.min(maxRuntimeMs + OWN_END_MS, MAX_TIMER_MS);
        timer = setTimeout(() => control.abort('timed_out' satisfies StopReason), ms);
      },
    });
    clearTimeout(timer);
    job.running = undefined;
    if (!(result.kind === 'stopped' && result.reason === 'shutdown')) await this.#settle(job, result);
  }

  /** Stores how an attempt ended, and goes on with the next one if there is to be one. */
  async #settle(job: Job, result: AttemptResult): Promise<void> {
    const end = attemptEnd(job.policy, result);
    const details = await this.#keep(job, (record) => {
      if (isAborted(record)) {
        endAttempt(record, { phase: ActionPhase.ABORTED });
        return;
      }
      endAttempt(record, end);
      if (canRetry(result) && record.attempts.length < job.policy.maxAttempts) addAttempt(record);
      else endAction(record, end);
    });
    if (details === undefined || !isOpen(details)) {
      this.#forget(job);
      // What it called and did not wait for, nobody does any more.
      this.#abortBelow(job.key, PARENT_ENDED, undefined);
      return;
    }
    // The next plane on this state takes up what is open.
    if (this.#closing.signal.aborted) return;
    const delay = job.policy.delayMs(details.attempts.length - 2);
    if (delay === 0) this.#enqueue(job);
    else job.waiting = setTimeout(() => this.#enqueue(job), delay);
  }

  /** Ends a job wherever it is. What runs ends by itself; what waits ends here. */
  #stop(job: Job, reason: StopReason): void {
    if (this.#closing.signal.aborted) return;
    if (job.running !== undefined) return job.running.abort(reason);
    clearTimeout(job.waiting);
    const at = this.#queue.indexOf(job);
    if (at !== -1) this.#queue.splice(at, 1);
    this.#settle(job, { kind: 'stopped', reason }).catch((error: unknown) => this.#left(job, error));
  }

  #forget(job: Job): void {
    clearTimeout(job.deadline);
    clearTimeout(job.waiting);
    if (this.#jobs.delete(textOf(job.key))) this.#ended(job.parent);
  }
}

function parentOf(key: ActionKey, { metadata }: ActionDetails): ActionKey | undefined {
  const { parent = '' } = metadata ?? {};
  return parent === '' ? undefined : { ...key, name: parent };
}

function policyOf({ spec }: ActionDetails): RetryPolicy {
  return retryPolicy(spec.case === 'task' ? spec.value.taskTemplate?.metadata : undefined);
}

function interrupted(record: ActionDetails): void {
  const error = errorInfo(ErrorInfo_Kind.SYSTEM, 'The local control plane stopped while this attempt was running.');
  const end = { phase: ActionPhase.FAILED, error };
  endAttempt(record, end);
  if (record.attempts.length < policyOf(record).maxAttempts) addAttempt(record);
  else endAction(record, end);
}

/** A deadline counts for all attempts together, and whoever waited too long would wait again. */
function canRetry(result: AttemptResult): boolean {
  return result.kind === 'failed' ? result.canRetry : result.kind === 'stopped' && result.reason === 'timed_out';
}

function attemptEnd(policy: RetryPolicy, result: AttemptResult): AttemptEnd {
  switch (result.kind) {
    case 'succeeded':
      return { phase: ActionPhase.SUCCEEDED, outputUri: result.outputUri, cacheStatus: result.cacheStatus };
    case 'failed':
      return { phase: ActionPhase.FAILED, error: result.error };
    default:
      if (result.reason === 'aborted') return { phase: ActionPhase.ABORTED };
      return {
        // Upstream, the task's own runtime says so: a failure as any other.
        phase: ActionPhase.FAILED,
        error: errorInfo(ErrorInfo_Kind.USER, timeoutMessage(policy, result.reason)),
      };
  }
}

function timeoutMessage({ maxRuntimeMs, maxQueuedMs, deadlineMs }: RetryPolicy, reason: StopReason): string {
  if (reason === 'deadline') return `The run did not end within its deadline of ${Number(deadlineMs) / 1000} s.`;
  if (reason === 'queued_too_long')
    return `The attempt waited longer than the ${Number(maxQueuedMs) / 1000} s that it may be queued.`;
  return `The attempt ran longer than its limit of ${Number(maxRuntimeMs) / 1000} s.`;
}
