import type { Client } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import type { RunIdentifier } from '../../gen/flyteidl2/common/identifier_pb.js';
import type { Literal } from '../../gen/flyteidl2/core/literals_pb.js';
import type { Action } from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import type { EventPayload, RunService } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import { answerLiteral, type Condition } from '../../tasks/condition.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
import { isDone } from './run-info.js';
import type { SignalOptions } from './run.js';

type RunId = Pick<RunIdentifier, 'org' | 'project' | 'domain' | 'name'>;

/** Answers a condition of a run. See `Run.signal`. */
export async function signalRun(
  runs: Client<typeof RunService>,
  runId: RunId,
  condition: Condition,
  value: unknown,
  { action: wanted, ...options }: SignalOptions = {},
): Promise<void> {
  const payload = { value: payloadOf(condition, await answerLiteral(condition, value)) };
  const found: Action[] = [];
  const all = pages(async (token) => {
    const answer = await runs.listActions({ runId, request: { limit: PAGE_SIZE, token } }, options);
    return { items: answer.actions, next: answer.token };
  });
  for await (const action of all) {
    const { spec } = action.metadata ?? {};
    const isThis = spec?.case === 'condition' && spec.value.name === condition.name;
    if (isThis && (wanted === undefined || action.id?.name === wanted)) found.push(action);
  }
  const waiting = found.filter(({ status }) => !isDone(status?.phase));
  const [one, ...others] = waiting;
  if (one === undefined) throw nothingWaits(runId, condition, found.length > 0);
  if (others.length > 0) {
    const names = waiting.map(({ id }) => id?.name).join(', ');
    throw new FlyteError(
      'failed_precondition',
      `In run ${runId.name} ${waiting.length} actions wait for the condition ${condition.name}: ${names}. Give the option "action".`,
    );
  }
  const actionId = { run: runId, name: one.id?.name ?? '' };
  await runs.signalEvent({ actionId, parentActionName: one.metadata?.parent ?? '', payload }, options);
}

function nothingWaits({ name }: RunId, condition: Condition, wasThere: boolean): FlyteError {
  return wasThere
    ? new FlyteError(
        'failed_precondition',
        `The condition ${condition.name} of run ${name} was answered already, or has ended.`,
      )
    : new FlyteError('not_found', `Nothing in run ${name} waits for the condition ${condition.name}.`);
}

function payloadOf({ name }: Condition, literal: Literal): EventPayload['value'] {
  const scalar = literal.value.case === 'scalar' ? literal.value.value.value : undefined;
  const primitive = scalar?.case === 'primitive' ? scalar.value.value : undefined;
  switch (primitive?.case) {
    case 'boolean':
      return { case: 'boolValue', value: primitive.value };
    case 'integer':
      return { case: 'intValue', value: primitive.value };
    case 'floatValue':
      return { case: 'floatValue', value: primitive.value };
    case 'stringValue':
      return { case: 'stringValue', value: primitive.value };
    default:
      throw new FlyteError('internal', `The answer to the condition ${name} is none that Flyte takes.`);
  }
}
