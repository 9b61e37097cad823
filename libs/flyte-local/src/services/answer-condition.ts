import { create, equals } from '@bufbuild/protobuf';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import type { ActionIdentifier } from 'nestjs-flyte/idl/common/identifier';
import { LiteralSchema, type Literal, type Primitive } from 'nestjs-flyte/idl/core/literals';
import { SimpleType } from 'nestjs-flyte/idl/core/types';
import type { EventPayload } from 'nestjs-flyte/idl/workflow/run_service';
import { requireCaller } from '../calls/caller-context.js';
import { actionKeyOf } from '../runs/action-id.js';
import { isTerminal } from '../runs/action-record.js';
import { identityOf } from '../runs/new-action.js';
import type { PlaneContext } from './plane-service.js';
import { requireAction } from './require-action.js';

/** The types of answers, by what carries a value of them. */
const TYPES: Readonly<Record<string, SimpleType>> = {
  boolean: SimpleType.BOOLEAN,
  integer: SimpleType.INTEGER,
  floatValue: SimpleType.FLOAT,
  stringValue: SimpleType.STRING,
};

/**
 * Gives a condition its answer. The same answer once more is none, as upstream has it.
 *
 * @throws ConnectError `not_found`; `failed_precondition` for what is no condition, and for one that has ended;
 * `invalid_argument` for a value of another type
 */
export function answerCondition(
  context: PlaneContext,
  actionId: ActionIdentifier | undefined,
  value: Literal | undefined,
  values: ContextValues,
): void {
  const key = actionKeyOf(actionId);
  const { spec, result, status } = requireAction(context, key, values);
  const type = typeOf(value);
  if (value === undefined || type === undefined) {
    throw new ConnectError('The answer must be a boolean, an integer, a float or a string.', Code.InvalidArgument);
  }
  if (spec.case !== 'condition') throw refused(`The action ${key.name} is no condition.`);
  if (result.case === 'signalInfo' && result.value.output !== undefined) {
    if (equals(LiteralSchema, result.value.output, value)) return;
    throw refused(`The condition ${spec.value.name} was answered already, with another value.`);
  }
  if (status === undefined || isTerminal(status.phase)) throw refused(`The condition ${spec.value.name} has ended.`);
  const wanted = spec.value.type?.type.case === 'simple' ? spec.value.type.type.value : SimpleType.NONE;
  if (type !== wanted) {
    throw new ConnectError(
      `The condition ${spec.value.name} takes a value of the type ${SimpleType[wanted]}, and this is ${SimpleType[type]}.`,
      Code.InvalidArgument,
    );
  }
  context.engine.executor.answer(key, value, identityOf(requireCaller(values)));
}

/** An answer in the words of RunService, as the literal that it is. */
export function literalOf(payload: EventPayload | undefined): Literal | undefined {
  const value = primitiveOf(payload?.value);
  if (value === undefined) return undefined;
  const primitive = { case: 'primitive' as const, value: { value } };
  return create(LiteralSchema, { value: { case: 'scalar', value: { value: primitive } } });
}

function primitiveOf(value: EventPayload['value'] | undefined): Primitive['value'] | undefined {
  switch (value?.case) {
    case 'boolValue':
      return { case: 'boolean', value: value.value };
    case 'intValue':
      return { case: 'integer', value: value.value };
    case 'floatValue':
      return { case: 'floatValue', value: value.value };
    case 'stringValue':
      return { case: 'stringValue', value: value.value };
    default:
      return undefined;
  }
}

function typeOf(literal: Literal | undefined): SimpleType | undefined {
  const scalar = literal?.value.case === 'scalar' ? literal.value.value.value : undefined;
  const primitive = scalar?.case === 'primitive' ? scalar.value.value : undefined;
  return primitive?.case === undefined ? undefined : TYPES[primitive.case];
}

function refused(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}
