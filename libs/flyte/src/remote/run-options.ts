import { FlyteError } from '../errors/flyte-error.js';
import { envVarProblems } from '../tasks/env-vars.js';
import { versionProblem } from '../tasks/task-ref.js';
import type { CallOptions } from './call-options.js';

/** Options of a run. */
export interface RunOptions extends CallOptions {
  /**
   * A key of your own, such as an order's number: the same key for the same task and inputs gives the same run, however
   * often it is asked for. With other inputs it is an error.
   */
  readonly idempotencyKey?: string;
  /** The version to run: a name, `latest` or `current`; in place of what the task's declaration says. */
  readonly version?: string;
  /** Variables of the process, over those of the task. Never for secrets. */
  readonly envVars?: Readonly<Record<string, string>>;
  /** Labels of the run, as Kubernetes allows them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The project to run in, in place of the client's. */
  readonly project?: string;
  /** The domain to run in, in place of the client's. */
  readonly domain?: string;
  /** Inside an action: that the run is one of its own, not a child of this action, which can't be had yet. */
  readonly detached?: boolean;
}

const LABEL_KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/;
const MAX_KEY = 1_000;

/**
 * Checks the options of a run, as Flyte would only when the pod starts.
 *
 * @throws FlyteError `invalid_argument` with everything that is wrong
 */
export function checkRunOptions({ idempotencyKey, version, envVars, labels = {} }: RunOptions): void {
  const problems = envVarProblems(envVars).map((problem) => `"envVars" ${problem}`);
  for (const [name, value] of Object.entries<unknown>(labels)) {
    const shown = JSON.stringify(name.slice(0, 80));
    if (!LABEL_KEY.test(name)) problems.push(`"labels" has ${shown}, which is no key of a label`);
    else if (typeof value !== 'string' || !LABEL_VALUE.test(value)) {
      problems.push(`"labels" has ${shown}, whose value is none of at most 63 letters, digits, "-", "_" and "."`);
    }
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
