import { create } from '@bufbuild/protobuf';
import type { ActionScope } from '../action/action-scope.js';
import { FlyteError } from '../errors/flyte-error.js';
import { InputsSchema, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from '../literals/at.js';
import { fromPlainLiteral, toPlainLiteral } from '../literals/plain-value.js';

/** Takes a step of an action once. See `TaskContext.trace`. */
export async function trace<T>(
  action: ActionScope,
  name: string,
  input: unknown,
  fn: () => T | Promise<T>,
): Promise<T> {
  if (typeof name !== 'string' || name === '' || name.length > 63) {
    throw new FlyteError('invalid_argument', 'TaskContext.trace: give the step a name of 1 to 63 characters.');
  }
  const [given, gives] = [new At(`trace ${name}: input`), new At(`trace ${name}: result`)];
  const inputs = create(InputsSchema, { literals: [{ name: 'input', value: toPlainLiteral(input, given) }] });
  const children = await action.children();
  const { literals } = await children.step({
    ...{ name, inputs, group: action.group, step: action.step },
    work: async () => create(OutputsSchema, { literals: [{ name: 'o0', value: toPlainLiteral(await fn(), gives) }] }),
  });
  const [result] = literals;
  // Also at the first time what a later attempt would get, so that no difference shows only after a failure.
  return (result?.value === undefined ? undefined : fromPlainLiteral(result.value, gives)) as T;
}
