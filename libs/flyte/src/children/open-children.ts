import { toBinary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { type Client, createClient, type Transport } from '@connectrpc/connect';
import { currentAction, runWithin, type ActionScope } from '../action/action-scope.js';
import type { ActionEnd, ChildActions, ChildTask, Question, Step } from '../action/child-actions.js';
import { FlyteError } from '../errors/flyte-error.js';
import { INPUTS_FILE } from '../protocol/action-documents.js';
import type { Literal } from '../gen/flyteidl2/core/literals_pb.js';
import { ConditionPromptType } from '../gen/flyteidl2/workflow/run_definition_pb.js';
import { ActionsService } from '../gen/flyteidl2/actions/actions_service_pb.js';
import { InputsSchema, type Outputs } from '../gen/flyteidl2/task/common_pb.js';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';
import { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import type { ActionUpdate } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { phaseOf } from '../remote/runs/run-info.js';
import { joinUri, storageOf } from '../storage/storage-of.js';
import { childFailure } from './child-failure.js';
import { cacheKeyOf, type ChildIdentity, ChildNames, digestOf, identityOf } from './child-name.js';
import { EarlierChildren } from './earlier-children.js';
import { FailedChildren } from './failed-children.js';
import { ChildWatch } from './child-watch.js';
import { enqueue } from './enqueue.js';
import { givenUp } from './given-up.js';
import { orEnded } from './or-ended.js';
import { readOutputs } from './read-outputs.js';
import { recordedStep, takeStep, traceOf } from './recorded-step.js';

/** How many children are sent, and how many outputs read, at a time. */
const AT_A_TIME = 64;
/** How long Flyte may take to say why the process is to end, in milliseconds: little is left of its time. */
const ASK_MS = 3_000;
/** How long Flyte may take to take note of an abort, in milliseconds. */
const ABORT_MS = 10_000;
const NO_ID = { org: '', project: '', domain: '', name: '', version: '' };

/** What children are called over. */
export interface ChildConnection {
  /** Calls Flyte as this action. */
  readonly transport: Transport;
  readonly org: string;
  /** Where the run keeps what goes into its actions, as a URI. */
  readonly runBase: string;
  close(): void;
}

/** The children of an action. */
export async function openChildren(action: ActionScope, connection: ChildConnection): Promise<ChildActions> {
  const [{ default: pLimit }, failed] = await Promise.all([
    import('p-limit'),
    FailedChildren.open(joinUri(connection.runBase, action.action), action.attempt),
  ]);
  return new OpenChildren(action, connection, failed, pLimit(AT_A_TIME));
}

type Limit = <T>(work: () => Promise<T>) => Promise<T>;

class OpenChildren implements ChildActions {
  readonly #actions: Client<typeof ActionsService>;
  readonly #runs: Client<typeof RunService>;
  readonly #run: { readonly org: string; readonly project: string; readonly domain: string; readonly name: string };
  readonly #names: ChildNames;
  readonly #watch: ChildWatch;
  readonly #earlier: EarlierChildren;
  /** What this process waits for; what is left of it at the end, nobody does. */
  readonly #open = new Set<string>();
  /** What was given up, with the reason. */
  readonly #givenUp = new Map<string, string>();
  readonly #waited = new Map<string, Promise<ActionUpdate>>();
  readonly #closing = new AbortController();
  #spec: Promise<TaskSpec> | undefined;

  constructor(
    private readonly action: ActionScope,
    private readonly connection: ChildConnection,
    private readonly failed: FailedChildren,
    private readonly limit: Limit,
  ) {
    const { transport, org } = connection;
    this.#actions = createClient(ActionsService, transport);
    this.#runs = createClient(RunService, transport);
    this.#run = { org, project: action.project, domain: action.domain, name: action.run };
    // A child may have succeeded though the attempt that called it had not heard of it.
    this.#names = new ChildNames(action.action, (name) => failed.has(name) && !this.#watch.saw(name, 'succeeded'));
    const parent = { run: this.#run, name: action.action };
    this.#earlier = new EarlierChildren(this.#runs, parent);
    const filter = { case: 'parentActionId' as const, value: parent };
    this.#watch = new ChildWatch((signal) => this.#actions.watchForUpdates({ filter }, { signal }));
  }

  async task({ spec, inputs, version: named, group, step, key, queue = '', signal }: ChildTask): Promise<Outputs> {
    const { org, project, domain, name: taskName, version } = spec.taskTemplate?.id ?? NO_ID;
    const what = JSON.stringify([identityOf(spec), project, domain, named ?? '']);
    const name = await this.#named({ kind: 'task', what, inputs: digestOf(inputs), group, step, key }, signal);
    // Flyte has renamed this field to `queue`; on the wire it is the same.
    const id = { org, project, domain, name: taskName, version };
    const value = { id, spec, cluster: queue, cacheKey: cacheKeyOf(spec, inputs) };
    const task = { case: 'task' as const, value };
    const end = await this.#ended(name, signal, async (ends) => {
      const action = { ...this.#actionOf(name, group), spec: task };
      await (await storageOf(action.inputUri)).write(action.inputUri, toBinary(InputsSchema, inputs));
      await enqueue(this.#actions, action, ends);
    });
    if (phaseOf(end.phase) === 'succeeded') return this.limit(() => readOutputs(end.outputUri, name, taskName));
    throw await childFailure(this.#runs, { run: this.#run, name }, end, taskName);
  }

  async step({ name: what, inputs, group, step, work, signal }: Step): Promise<Outputs> {
    const name = await this.#named({ kind: 'step', what, inputs: digestOf(inputs), group, step }, signal);
    const ends = this.#until(signal);
    const place = this.#place(name);
    const recorded = await this.limit(() => recordedStep(place, what));
    if (recorded && this.#watch.knows(name)) return recorded.outputs();
    const startedAt = new Date();
    const taken = (): Promise<Outputs> => runWithin(currentAction() ?? this.action, 'step', name, work);
    const result = recorded ?? (await takeStep(taken, place, this.action.redact));
    const trace = { case: 'trace' as const, value: traceOf(what, startedAt, result) };
    await this.limit(() => enqueue(this.#actions, { ...this.#actionOf(name, group), spec: trace }, ends));
    return result.outputs();
  }

  async ask({
    name: what,
    type,
    prompt,
    description,
    isMarkdown,
    timeoutMs,
    group,
    step,
    signal,
  }: Question): Promise<Literal> {
    const name = await this.#named({ kind: 'question', what, inputs: prompt, group, step }, signal);
    const end = await this.#ended(name, signal, async (ends) => {
      const value = {
        ...{ name: what, type, prompt, description },
        promptType: isMarkdown ? ConditionPromptType.MARKDOWN : ConditionPromptType.TEXT,
        ...(timeoutMs !== undefined && { timeout: durationFromMs(timeoutMs) }),
      };
      const condition = { case: 'condition' as const, value };
      await enqueue(this.#actions, { ...this.#actionOf(name, group), spec: condition }, ends);
    });
    if (phaseOf(end.phase) === 'succeeded' && end.value) return end.value;
    if (phaseOf(end.phase) === 'timed_out') {
      throw new FlyteError(
        'deadline_exceeded',
        `Nobody answered the condition ${what} of run ${this.#run.name} in time.`,
      );
    }
    throw await childFailure(this.#runs, { run: this.#run, name }, end, `condition ${what}`);
  }

  ownSpec(): Promise<TaskSpec> {
    this.#spec ??= this.#askOwnSpec();
    // Whoever asks next may be luckier.
    this.#spec.catch(() => (this.#spec = undefined));
    return this.#spec;
  }

  async close(end: ActionEnd): Promise<void> {
    // First, so that nothing begins any more.
    const left = [...this.#open];
    this.#closing.abort(new FlyteError('canceled', 'The action has ended.'));
    try {
      // Once more: what was being sent when it was given up may have come after its abort.
      const late = [...this.#givenUp].filter(([name]) => !this.#watch.saw(name, 'ended'));
      await Promise.all(late.map(([name, reason]) => this.#abort(name, reason)));
      if (left.length > 0 && end === 'interrupted' && !(await this.#isAborted())) return;
      for (const name of left) this.failed.add(name);
      const reason = 'The action that called it has ended, and did not wait for it.';
      const [saved] = await Promise.allSettled([
        end === 'retried' && this.failed.save(),
        ...left.map((name) => this.#abort(name, reason)),
      ]);
      if (saved.status === 'rejected') throw saved.reason;
    } finally {
      this.#watch.close();
      this.connection.close();
    }
  }

  /** The name of what is called; numbered at once, in the order of the calls. */
  async #named(call: ChildIdentity, given: AbortSignal | undefined): Promise<string> {
    const name = this.#names.next(call);
    await orEnded(this.#watch.synced, this.#until(given));
    return name();
  }

  /**
   * How a child ended.
   *
   * @param given abandons it: then Flyte is asked to end it. What the action's own end means for it, is decided then
   * @param begin has Flyte take it up, where it doesn't know it
   */
  #ended(
    name: string,
    given: AbortSignal | undefined,
    begin: (ends: AbortSignal) => Promise<void>,
  ): Promise<ActionUpdate> {
    // Of one idempotency key, two calls are one child.
    const waited = this.#waited.get(name) ?? this.#wait(name, given, begin).finally(() => this.#waited.delete(name));
    this.#waited.set(name, waited);
    return waited;
  }

  async #wait(
    name: string,
    given: AbortSignal | undefined,
    begin: (ends: AbortSignal) => Promise<void>,
  ): Promise<ActionUpdate> {
    const ends = this.#until(given);
    this.#open.add(name);
    let isBegun = true;
    try {
      if (!this.#watch.knows(name)) {
        const before = await orEnded(this.#earlier.end(name), ends);
        if (before) return this.#over(name, before);
        isBegun = false;
        const begun = this.limit(() => {
          ends.throwIfAborted();
          isBegun = true;
          return begin(ends);
        });
        await orEnded(begun, ends);
      }
      return this.#over(name, await this.#watch.end(name, ends));
    } catch (error) {
      // What is left open, and may have begun, is ended with the action, where that does not go on.
      if (!isBegun) this.#open.delete(name);
      // A caller may have passed on the action's own signal.
      else if (given?.aborted === true && !this.action.signal.aborted) this.#giveUp(name, given.reason);
      throw error;
    }
  }

  #giveUp(name: string, why: unknown): void {
    const reason = givenUp(why, this.action.redact);
    this.failed.add(name);
    this.#open.delete(name);
    this.#givenUp.set(name, reason);
    void this.#abort(name, reason);
  }

  #over(name: string, end: ActionUpdate): ActionUpdate {
    this.#open.delete(name);
    if (phaseOf(end.phase) !== 'succeeded') this.failed.add(name);
    return end;
  }

  #actionOf(name: string, group = '') {
    return {
      actionId: { run: this.#run, name },
      parentActionName: this.action.action,
      // Flyte wants one of what has no inputs, too.
      inputUri: joinUri(this.#place(name), INPUTS_FILE),
      runOutputBase: this.connection.runBase,
      group,
    };
  }

  #place(name: string): string {
    return joinUri(this.connection.runBase, name);
  }

  /** Nobody would hear of a failure, and Flyte ends what is left of a run that ends. */
  async #abort(name: string, reason: string): Promise<void> {
    const actionId = { run: this.#run, name };
    await this.#actions.abort({ actionId, reason }, { timeoutMs: ABORT_MS }).catch(() => undefined);
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const ends = [this.action.signal, this.#closing.signal, signal].filter((one) => one !== undefined);
    return AbortSignal.any(ends);
  }

  /**
   * Whether the process is asked to end because the action was aborted, and not for it to be started anew. Kubernetes takes children
   * along, in its time, where it collects garbage.
   */
  async #isAborted(): Promise<boolean> {
    const actionId = { run: this.#run, name: this.action.action };
    try {
      const { details } = await this.#runs.getActionDetails({ actionId }, { timeoutMs: ASK_MS });
      return phaseOf(details?.status?.phase) === 'aborted';
    } catch {
      return false;
    }
  }

  async #askOwnSpec(): Promise<TaskSpec> {
    const { details } = await this.#runs.getActionDetails({ actionId: { run: this.#run, name: this.action.action } });
    if (details?.spec.case === 'task') return details.spec.value;
    throw new FlyteError('internal', `Flyte does not say what it runs the action ${this.action.action} by.`);
  }
}
