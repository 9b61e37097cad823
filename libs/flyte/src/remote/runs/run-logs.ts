import { timestampDate } from '@bufbuild/protobuf/wkt';
import { FlyteError } from '../../errors/flyte-error.js';
import type { TailLogsResponse } from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import { LogLineOriginator } from '../../gen/flyteidl2/logs/dataplane/payload_pb.js';
import type { ActionDetails } from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import { askAgain } from '../connection/ask-again.js';
import { LogReplay } from './log-replay.js';
import { isDropped, MAX_FAILURES, pause } from '../connection/reconnect.js';
import { isDone } from './run-info.js';

/** One line of a run's logs. */
export class RunLogLine {
  readonly message: string = '';
  /** When it was written, where the log keeps that. */
  readonly timestamp: Date | undefined = undefined;
  /** Who wrote it: the task, or what runs it. */
  readonly origin: 'user' | 'system' | 'unknown' = 'unknown';
  /** Which attempt wrote it, from 1. */
  readonly attempt: number = 1;
}

/** Which lines are wanted. */
export interface LogsOptions {
  /** Wait for the process, and for more lines until the run ends. True if not given; false gives what there is now. */
  readonly follow?: boolean;
  /** One attempt, from 1. If not given: following, all of them one after the other; else the latest. */
  readonly attempt?: number;
  /** Ends the reading; never the run. */
  readonly signal?: AbortSignal;
}

/** The two things that are asked of Flyte for logs. */
export interface LogsSource {
  readonly details: (signal: AbortSignal) => Promise<ActionDetails>;
  readonly tail: (attempt: number, signal: AbortSignal) => AsyncIterable<TailLogsResponse>;
}

/** How long silence must last to mean that there is no more for now, in milliseconds. */
const SILENCE_MS = 1_000;
/** The longest pause between two looks whether the process has begun, in milliseconds. */
const LOOK_MS = 2_000;

/** A run's log lines, as they are read. */
export async function* readLogs(
  source: LogsSource,
  { follow = true, attempt: only }: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<RunLogLine, void> {
  let details = follow ? await askAgain(source.details, signal) : await source.details(signal);
  const wasDone = isDone(details.status?.phase);
  const latest = Math.max(1, details.status?.attempts ?? 1);
  const seen = { lines: 0 };
  if (!follow) yield* untilSilence(source, only ?? latest, seen, signal);
  else {
    for (let attempt = only ?? 1; ; attempt += 1) {
      details = yield* followAttempt(source, attempt, details, seen, signal);
      if (only !== undefined || !goesOn(details, attempt)) break;
    }
  }
  // Logs are read from where the process ran. Of a run that ended before anybody asked, silence would be a riddle.
  if (wasDone && seen.lines === 0) throw new FlyteError('not_found', 'The run has ended, and Flyte has no logs of it.');
}

/** How many lines there were. */
interface Seen {
  lines: number;
}

function goesOn({ status }: ActionDetails, attempt: number): boolean {
  return !isDone(status?.phase) || (status?.attempts ?? 0) > attempt;
}

/** @returns the details by which the attempt was seen to be over */
async function* followAttempt(
  source: LogsSource,
  attempt: number,
  known: ActionDetails,
  seen: Seen,
  signal: AbortSignal,
): AsyncGenerator<RunLogLine, ActionDetails> {
  const replay = new LogReplay();
  let details = known;
  // Counted apart: looking for a process that is not there yet is no failure, and may take hours.
  let drops = 0;
  for (let looks = 1; ; looks += 1) {
    const wasOver = isOver(details, attempt);
    let outcome: 'ended' | 'absent' | 'dropped' = 'ended';
    try {
      for await (const line of linesOf(source.tail(attempt, signal), attempt, replay)) {
        looks = 1;
        drops = 0;
        seen.lines += 1;
        yield line;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      outcome = FlyteError.is(error) && error.code === 'not_found' ? 'absent' : 'dropped';
      drops = outcome === 'dropped' ? drops + 1 : 0;
      if (outcome === 'dropped' && (!isDropped(error) || drops >= MAX_FAILURES)) throw error;
    }
    replay.again();
    // Read before as well as after: a process may begin and end between "no logs yet" and this question.
    details = await askAgain(source.details, signal);
    if ((outcome === 'ended' && isOver(details, attempt)) || (outcome === 'absent' && wasOver)) return details;
    await (outcome === 'dropped' ? pause(drops, signal) : pause(looks, signal, LOOK_MS));
  }
}

function isOver({ status, attempts }: ActionDetails, attempt: number): boolean {
  const one = attempts.find((candidate) => candidate.attempt === attempt);
  return isDone(status?.phase) || (status?.attempts ?? 0) > attempt || isDone(one?.phase);
}

async function* untilSilence(
  source: LogsSource,
  attempt: number,
  seen: Seen,
  signal: AbortSignal,
): AsyncGenerator<RunLogLine, void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = source.tail(attempt, AbortSignal.any([signal, silence.signal]));
    for await (const line of linesOf(response, attempt, new LogReplay())) {
      seen.lines += 1;
      yield line;
      timer.refresh();
    }
  } catch (error) {
    const absent = FlyteError.is(error) && error.code === 'not_found';
    if (signal.aborted || !(silence.signal.aborted || absent)) throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function* linesOf(
  responses: AsyncIterable<TailLogsResponse>,
  attempt: number,
  replay: LogReplay,
): AsyncGenerator<RunLogLine, void> {
  for await (const { logs } of responses) {
    for (const line of logs.flatMap(({ lines }) => lines)) {
      if (!replay.isNew(line)) continue;
      const { USER, SYSTEM } = LogLineOriginator;
      yield Object.assign(new RunLogLine(), {
        message: line.message,
        timestamp: line.timestamp && timestampDate(line.timestamp),
        origin: line.originator === USER ? 'user' : line.originator === SYSTEM ? 'system' : 'unknown',
        attempt,
      });
    }
  }
}
