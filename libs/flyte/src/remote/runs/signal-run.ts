import type { Client } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import { ActionPhase } from '../../gen/flyteidl2/common/phase_pb.js';
import type { RunIdentifier } from '../../gen/flyteidl2/common/identifier_pb.js';
import type { Literal } from '../../gen/flyteidl2/core/literals_pb.js';
import type { Action } from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import type { EventPayload, RunService } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import { answerLiteral, type Condition } from '../../tasks/condition.js';
import type { CallOptions } from '../connection/call-options.js';
import { PAGE_SIZE, pages } from '../connection/pages.js';
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
  const waiting: Action[] = [];
  const all = pages(async (token) => {
    const answer = await runs.listActions({ runId, request: { limit: PAGE_SIZE, token } }, options);
    return { items: answer.actions, next: answer.token };
  });
  for await (const action of all) {
    if (action.status?.phase !== ActionPhase.PAUSED || (wanted !== undefined && action.id?.name !== wanted)) continue;
    if ((await conditionOf(runs, action, options)) === condition.name) waiting.push(action);
  }
  const [one, ...others] = waiting;
  if (one === undefined) {
    throw new FlyteError(
      'failed_precondition',
      `Nothing in run ${runId.name} waits for the condition ${condition.name}: it was answered already, has ended, or is not asked yet.`,
    );
  }
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

/** The name of the condition that an action is. Flyte's open-source backend leaves it out of lists. */
async function conditionOf(
  runs: Client<typeof RunService>,
  { id, metadata }: Action,
  options: CallOptions,
): Promise<string | undefined> {
  const { spec } = metadata ?? {};
  if (spec?.case !== undefined) return spec.case === 'condition' ? spec.value.name : undefined;
  const { details } = await runs.getActionDetails({ actionId: id }, options);
  return details?.spec.case === 'condition' ? details.spec.value.name : undefined;
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
