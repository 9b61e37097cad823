import { FlyteError } from '../../errors/flyte-error.js';
import { Sort_Direction } from '../../gen/flyteidl2/common/list_pb.js';
import { isTaskRef, type TaskRef } from '../../tasks/task-ref.js';
import type { CallArguments, CallIn, CallOut } from '../../tasks/typing.js';
import type { CallOptions } from '../connection/call-options.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
import { plainValues } from './plain-literals.js';
import { runnableDefinition, runnableRef, startRun, type RunCreation } from './run-creation.js';
import { createRun } from './run-handle.js';
import { toRunInfo, type RunInfo } from './run-info.js';
import type { LogsOptions, RunLogLine } from './run-logs.js';
import type { RunOptions } from './run-options.js';
import type { Run, WaitOptions } from './run.js';
import { projectIdOf } from '../options/project-id.js';

/** Options of {@link RunService.list}. */
export interface ListRunsOptions extends CallOptions {
  /** Only runs of this task, by its full name. */
  readonly task?: string;
  /** How many runs one call to Flyte brings. 100 if not given. */
  readonly pageSize?: number;
}

/** Runs by their names. The Python SDK's `flyte.run` and `flyte.remote.Run`. */
export abstract class RunService {
  /** Runs a task by its contract. As `TaskHandle.run`. */
  abstract create<R extends TaskRef>(ref: R, ...args: CallArguments<CallIn<R>, RunOptions>): Promise<Run<CallOut<R>>>;
  /**
   * Runs a task of this app by its name, where the code does not know which it will be.
   *
   * @throws FlyteError `not_found` if this app has no such task; else as `TaskHandle.run`
   */
  abstract create(task: string, inputs?: unknown, options?: RunOptions): Promise<Run>;
  /** A run by its name, to be asked later. Asks Flyte nothing. */
  abstract attach(run: string): Run<Record<string, unknown>>;
  /**
   * What Flyte knows of a run now.
   *
   * @throws FlyteError `not_found`
   */
  abstract get(run: string, options?: CallOptions): Promise<RunInfo>;
  /** The runs of the project and domain, latest first, page after page as they are read, as the caller of `list`. */
  abstract list(options?: ListRunsOptions): AsyncIterable<RunInfo>;
  /** Stops a run. One that has ended stays as it is. */
  abstract abort(run: string, reason?: string, options?: CallOptions): Promise<void>;
  /** A run now, and at each change until it has ended. As `Run.watch`. */
  abstract watch(run: string, options?: Pick<WaitOptions, 'signal'>): AsyncIterable<RunInfo>;
  /** Waits until a run has ended, one way or another. As `Run.wait`. */
  abstract wait(run: string, options?: WaitOptions): Promise<RunInfo>;
  /** What a run was given, by name, as plain values. */
  abstract inputs(run: string, options?: CallOptions): Promise<Record<string, unknown>>;
  /** Waits until a run has ended, and gives its outputs by name, as plain values. Throws as `Run.outputs`. */
  abstract outputs(run: string, options?: WaitOptions): Promise<Record<string, unknown>>;
  /** What a run's process writes. As `Run.logs`. */
  abstract logs(run: string, options?: LogsOptions): AsyncIterable<RunLogLine>;
}

const NEWEST_FIRST = { sortBy: { key: 'created_at', direction: Sort_Direction.DESCENDING } };

/** The service over what runs are made with. */
export function createRunService(creation: RunCreation): RunService {
  const { clients, defaults, tasks } = creation;
  const attach = (what: string, run: string): Run<Record<string, unknown>> =>
    createRun(clients, projectIdOf(`RunService.${what}`, defaults), run, ({ literals }) =>
      plainValues('outputs', literals),
    );

  function create<R extends TaskRef>(ref: R, ...args: CallArguments<CallIn<R>, RunOptions>): Promise<Run<CallOut<R>>>;
  function create(task: string, inputs?: unknown, options?: RunOptions): Promise<Run>;
  async function create(task: TaskRef | string, inputs?: unknown, options?: RunOptions): Promise<Run> {
    if (isTaskRef(task)) return startRun(creation, runnableRef(task, tasks), inputs, options);
    const definition = tasks.registry.find(task);
    if (definition) return startRun(creation, runnableDefinition(definition), inputs, options);
    const ref = tasks.registry.refs().find(({ name }) => name === task);
    if (ref) return startRun(creation, runnableRef(ref, tasks), inputs, options);
    throw new FlyteError('not_found', `There is no task ${JSON.stringify(task)} in this app.`);
  }
  return {
    create,
    attach: (run) => attach('attach', run),
    get: async (run, options) => attach('get', run).get(options),
    list({ task, pageSize: limit = PAGE_SIZE, ...options } = {}) {
      const { org, project, domain } = projectIdOf('RunService.list', defaults);
      const scopeBy =
        task === undefined
          ? { case: 'projectId' as const, value: { organization: org, name: project, domain } }
          : { case: 'taskName' as const, value: { org, project, domain, name: task } };
      return pages(async (token) => {
        const answer = await clients.runs.listRuns({ scopeBy, request: { limit, token, ...NEWEST_FIRST } }, options);
        return { items: answer.runs.flatMap(({ action }) => action ?? []).map(toRunInfo), next: answer.token };
      });
    },
    abort: async (run, reason, options) => attach('abort', run).abort(reason, options),
    watch: (run, options) => attach('watch', run).watch(options),
    wait: async (run, options) => attach('wait', run).wait(options),
    inputs: async (run, options) => attach('inputs', run).inputs(options),
    outputs: async (run, options) => attach('outputs', run).outputs(options),
    logs: (run, options) => attach('logs', run).logs(options),
  };
}
