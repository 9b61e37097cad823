import type { Client } from '@connectrpc/connect';
import { bindAuthScope, currentAuthScope } from '../../auth/auth-scope.js';
import { FlyteError, type FlyteErrorCode } from '../../errors/flyte-error.js';
import { MAX_TIMER_MS, ROOT_ACTION } from '../../protocol/limits.js';
import {
  ArtifactType,
  type DataProxyService,
  type GetActionDataResponse,
} from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import type { Outputs } from '../../gen/flyteidl2/task/common_pb.js';
import type { ActionDetails } from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import type { RunService as Runs } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import type { CallOptions } from '../connection/call-options.js';
import { askAgain } from '../connection/ask-again.js';
import { asCalls } from '../connection/caller.js';
import { cancellable } from '../connection/cancellable.js';
import { plainValues } from './plain-literals.js';
import { pause } from '../connection/reconnect.js';
import { redact } from '../connection/redact.js';
import type { Run, WaitOptions } from './run.js';
import { detailedRunInfo, isDone, type RunInfo } from './run-info.js';
import { readLogs } from './run-logs.js';
import { checkRunName } from './run-name.js';
import { signedGet, type TransferOptions } from '../files/signed-put.js';
import { signalRun } from './signal-run.js';
import { watchAction } from './run-watch.js';
import type { ProjectId } from '../options/project-id.js';

/** The services that runs are asked of, over a transport that adds the caller. */
export interface RunClients {
  readonly runs: Client<typeof Runs>;
  readonly data: Client<typeof DataProxyService>;
  /** How what Flyte signs a URL for is read. */
  readonly transfer: TransferOptions;
}

/** How often outputs are asked for that Flyte has not got yet, though the run has succeeded. */
const OUTPUT_ATTEMPTS = 5;

/** What waiting fails with that its own time-out has ended. */
const GIVEN_UP = new Set<FlyteErrorCode>(['canceled', 'deadline_exceeded']);

const CODES: Readonly<Partial<Record<RunInfo['phase'], FlyteErrorCode>>> = {
  failed: 'task_failed',
  aborted: 'run_aborted',
  timed_out: 'run_timed_out',
};

/**
 * A handle on a run, whether it exists or not.
 *
 * @param decode makes what the caller gets of the outputs
 * @throws FlyteError `invalid_argument` for what can't be the name of a run
 */
export function createRun<O>(
  { runs, data, transfer }: RunClients,
  projectId: ProjectId,
  runName: string,
  decode: (outputs: Pick<Outputs, 'literals'>) => Promise<O> | O,
): Run<O> {
  const name = checkRunName(runName);
  const runId = { ...projectId, name };
  const actionId = { run: runId, name: ROOT_ACTION };

  /** Flyte speaks of its actions, and names none. What the operator is to mend stays as it is. */
  const explained = (error: unknown): unknown =>
    FlyteError.is(error) && error.code === 'not_found' && error.fault === undefined
      ? new FlyteError(
          'not_found',
          `There is no run ${JSON.stringify(name)} in ${projectId.project}/${projectId.domain}.`,
        )
      : error;
  const details = async (options: CallOptions): Promise<ActionDetails> => {
    const { details: found } = await runs.getActionDetails({ actionId }, options).catch((error: unknown) => {
      throw explained(error);
    });
    if (!found) throw new FlyteError('internal', `Flyte answered without the run ${name}.`);
    return found;
  };
  const infos = async function* (seen: AsyncIterable<ActionDetails>): AsyncGenerator<RunInfo, void> {
    try {
      for await (const one of seen) yield detailedRunInfo(one);
    } catch (error) {
      throw explained(error);
    }
  };
  const watch = ({ signal }: WaitOptions = {}): AsyncIterable<RunInfo> => {
    // Opened anew by whoever happens to read, yet as the caller of whoever asked.
    const open = bindAuthScope((ends: AbortSignal) => runs.watchActionDetails({ actionId }, { signal: ends }));
    return cancellable((ends) => infos(watchAction(open, ends)), signal, currentAuthScope()?.life?.signal);
  };
  const actionData = async (options: CallOptions): Promise<GetActionDataResponse> =>
    data.getActionData({ actionId }, options);

  /** Does what waits, for as long as the caller wants to. */
  const inTime = async <T>(
    { signal, timeoutMs }: WaitOptions,
    work: (ends: AbortSignal, seen: (info: RunInfo) => void) => Promise<T>,
  ): Promise<T> => {
    const timeout = timeoutMs === undefined ? undefined : timeoutSignal(timeoutMs);
    const ends = AbortSignal.any([signal, timeout].filter((one) => one !== undefined));
    let last: RunInfo | undefined;
    try {
      return await work(ends, (info) => (last = info));
    } catch (error) {
      const isOver = timeout?.aborted && !signal?.aborted;
      if (!isOver || !FlyteError.is(error) || !GIVEN_UP.has(error.code)) throw error;
      const rest = last?.done ? 'Its outputs have not come yet; ask' : 'It goes on; attach to it to wait';
      const phase = last?.phase ?? 'not known';
      throw new FlyteError('deadline_exceeded', `Run ${name} is ${phase} after ${timeoutMs} ms. ${rest} again.`);
    }
  };
  const untilDone = async (signal: AbortSignal, seen: (info: RunInfo) => void): Promise<RunInfo> => {
    let last: RunInfo | undefined;
    for await (const info of watch({ signal })) seen((last = info));
    if (last?.done) return last;
    throw new FlyteError('internal', `Flyte told nothing of the run ${name}.`);
  };

  /** Outputs follow the last phase, and may be late. */
  const outputsOf = async (signal: AbortSignal): Promise<Pick<Outputs, 'literals'>> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        return (await askAgain((ends) => actionData({ signal: ends }), signal)).outputs ?? { literals: [] };
      } catch (error) {
        if (!FlyteError.is(error) || error.code !== 'not_found' || attempt >= OUTPUT_ATTEMPTS) throw error;
      }
      // oxlint-disable-next-line no-await-in-loop -- the pause between them
      await pause(attempt, signal);
    }
  };

  return asCalls({
    name,
    project: projectId.project,
    domain: projectId.domain,
    get: async (options = {}) => detailedRunInfo(await details(options)),
    wait: async (options = {}) => inTime(options, untilDone),
    watch,
    async outputs(options = {}) {
      const outputs = await inTime(options, async (ends, seen) => {
        const info = await untilDone(ends, seen);
        if (info.phase !== 'succeeded') throw runError(info);
        return outputsOf(ends);
      });
      try {
        return await decode(outputs);
      } catch (error) {
        // Not the fault of whoever asks, which `invalid_argument` would say.
        if (!FlyteError.is(error) || error.code !== 'invalid_argument') throw error;
        throw new FlyteError('internal', `Run ${name} gave what its task does not promise: ${error.message}`, {
          cause: error,
        });
      }
    },
    async inputs(options = {}) {
      const { inputs } = await actionData(options).catch(async (error: unknown) => {
        // Of a run that is not there, or of inputs: only the first is told in words of runs.
        if (FlyteError.is(error) && error.code === 'not_found') await details(options);
        throw error;
      });
      return plainValues('inputs', inputs?.literals ?? []);
    },
    logs(options = {}) {
      const source = {
        details: bindAuthScope((signal: AbortSignal) => details({ signal })),
        tail: bindAuthScope((attempt: number, signal: AbortSignal) => data.tailLogs({ actionId, attempt }, { signal })),
      };
      return cancellable((ends) => readLogs(source, options, ends), options.signal, currentAuthScope()?.life?.signal);
    },
    async report(options = {}) {
      const { attempts } = await details(options);
      const attempt = Math.max(1, ...attempts.map((one) => one.attempt));
      const source = { case: 'actionAttemptId' as const, value: { actionId, attempt } };
      const artifactType = ArtifactType.REPORT;
      const none = (): FlyteError => new FlyteError('not_found', `Run ${name} has no report, or none yet.`);
      const { preSignedUrls } = await data
        .createDownloadLink({ artifactType, source }, options)
        .catch((error: unknown) => {
          // Flyte names the place in its bucket.
          throw FlyteError.is(error) && error.code === 'not_found' && error.fault === undefined ? none() : error;
        });
      const [signedUrl] = preSignedUrls?.signedUrl ?? [];
      if (signedUrl === undefined) throw none();
      const what = `the report of run ${name}`;
      const signals = [options.signal, currentAuthScope()?.life?.signal].filter((one) => one !== undefined);
      return signedGet(signedUrl, what, {
        ...transfer,
        ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
      });
    },
    signal: async (condition, value, options) => signalRun(runs, runId, condition, value, options),
    async abort(reason, options = {}) {
      // Asked first: Flyte takes the phase of a run that has ended for aborted, and the reason of an abort for the last one.
      const { status } = await details(options);
      if (!isDone(status?.phase)) await runs.abortRun({ runId, reason }, options);
    },
  });
}

/** A longer time than timers can count is no limit that anybody would notice; they would fire at once. */
export function timeoutSignal(timeoutMs: number): AbortSignal {
  if (timeoutMs >= 0) return AbortSignal.timeout(Math.min(timeoutMs, MAX_TIMER_MS));
  throw new FlyteError('misuse', `Option "timeoutMs": give milliseconds, 0 or more, got ${timeoutMs}.`);
}

/** Why outputs can't be had of a run that has ended. */
function runError({ name, phase, attempts, error, task }: RunInfo): FlyteError {
  const { message, origin } = error ?? { message: 'no reason given', origin: 'unknown' as const };
  const words = { failed: 'failed', aborted: 'was aborted', timed_out: 'timed out' } as Readonly<
    Record<string, string>
  >;
  const of = task === '' ? '' : ` of ${task}`;
  // A task may repeat what it was called with.
  const said = redact(message, currentAuthScope()?.metadata);
  return new FlyteError(CODES[phase] ?? 'internal', `Run ${name}${of} ${words[phase] ?? phase}: ${said}`, {
    run: {
      name,
      action: ROOT_ACTION,
      task,
      phase: phase === 'aborted' || phase === 'timed_out' ? phase : 'failed',
      attempt: attempts,
      origin,
    },
  });
}
