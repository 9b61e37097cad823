import { FlyteError } from '../../errors/flyte-error.js';
import { envVarProblems } from '../../tasks/env-vars.js';
import { annotationProblems, labelProblems, objectNameProblem } from '../../tasks/kubernetes-names.js';
import { queueProblem } from '../../tasks/task-environment.js';
import { versionProblem } from '../../tasks/task-ref.js';
import type { CallOptions } from '../connection/call-options.js';
import { INPUTS_DIGEST, isRunName, RUN_NAME_FORM } from './run-name.js';

/** Options of a run. */
export interface RunOptions extends CallOptions {
  /**
   * A key of your own, such as an order's number: the same key for the same task and inputs gives the same run, however
   * often it is asked for. With other inputs it is an error. Of a child, in an action, it makes all calls of one task the same, whatever
   * their inputs; where two wait at a time, the `signal` of the first is the one that ends it.
   */
  readonly idempotencyKey?: string;
  /**
   * The run's name, at most 30 characters, in place of one that is made: a second run of it, of the same task and inputs, is the
   * first one; with others it is an error. Not beside `idempotencyKey`, which makes a name.
   */
  readonly name?: string;
  /** The version to run: a name, `latest` or `current`; in place of what the task's declaration says. */
  readonly version?: string;
  /** Variables of the process, over those of the task. Never for secrets. */
  readonly envVars?: Readonly<Record<string, string>>;
  /** Labels of the run and its pods, as Kubernetes allows them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of the run and its pods; over those of the task. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether to run where Flyte has the outputs in its cache, and to keep the new ones. */
  readonly overwriteCache?: boolean;
  /**
   * The service account of Kubernetes that the pods run as, in place of the task's. The open-source backend reads the task's
   * alone, so there it counts for a task that this app declares, and not for one that runs by its version.
   */
  readonly serviceAccount?: string;
  /** The queue that the run goes to, in place of the task's. */
  readonly queue?: string;
  /** The project to run in, in place of the client's. */
  readonly project?: string;
  /** The domain to run in, in place of the client's. */
  readonly domain?: string;
  /** Inside an action: that the run is one of its own, not a child of this action, which can't be had yet. */
  readonly detached?: boolean;
}

const MAX_KEY = 1_000;

/**
 * Checks the options of a run, as Flyte would only when the pod starts.
 *
 * @throws FlyteError `invalid_argument` with everything that is wrong
 */
export function checkRunOptions(options: RunOptions): void {
  const { idempotencyKey, name, version, serviceAccount } = options;
  const reserved = Object.keys(options.annotations ?? {}).includes(INPUTS_DIGEST);
  const accountProblem = serviceAccount === undefined ? undefined : objectNameProblem(serviceAccount);
  const wrongQueue = queueProblem(options.queue);
  const problems = [
    ...envVarProblems(options.envVars).map((problem) => `"envVars" ${problem}`),
    ...labelProblems(options.labels).map((problem) => `"labels" ${problem}`),
    ...annotationProblems(options.annotations).map((problem) => `"annotations" ${problem}`),
    ...(reserved ? [`"annotations" has "${INPUTS_DIGEST}", which this library sets itself`] : []),
    ...(accountProblem === undefined ? [] : [`"serviceAccount" ${accountProblem}`]),
    ...(wrongQueue === undefined ? [] : [`"queue" ${wrongQueue}`]),
    ...(name === undefined || isRunName(name) ? [] : [`"name" takes ${RUN_NAME_FORM}`]),
    ...(name === undefined || idempotencyKey === undefined
      ? []
      : ['"name" and "idempotencyKey" both name the run; give one']),
  ];
  if (options.overwriteCache !== undefined && typeof options.overwriteCache !== 'boolean') {
    problems.push('"overwriteCache" takes true or false');
  }
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > MAX_KEY)) {
    problems.push(`"idempotencyKey" takes 1 to ${MAX_KEY} characters`);
  }
  const wrong = version === undefined ? undefined : versionProblem(version);
  if (wrong !== undefined) problems.push(`it ${wrong}`);
  if (problems.length > 0) {
    throw new FlyteError('invalid_argument', problems.map((problem) => `Option of the run: ${problem}.`).join('\n'));
  }
}
