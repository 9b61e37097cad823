import { create } from '@bufbuild/protobuf';
import { ActionIdentifierSchema } from 'nestjs-flyte/idl/common/identifier';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { ConditionActionSchema } from 'nestjs-flyte/idl/workflow/run_definition';
import { expect, it } from 'vitest';
import { newCondition } from './new-action.js';

it('a condition waits from its first record on: where the disk is full by then, no second one would say so', () => {
  const action = { id: create(ActionIdentifierSchema, { name: 'q' }), executedBy: undefined, source: 0, parent: 'a0' };
  const { status, attempts } = newCondition(action, create(ConditionActionSchema, { name: 'ok' }));
  expect([status?.phase, attempts.map(({ phase }) => phase)]).toEqual([ActionPhase.PAUSED, [ActionPhase.PAUSED]]);
});
