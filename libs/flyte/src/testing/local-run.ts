import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FlyteError } from '../errors/flyte-error.js';
import { InputsSchema, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { ROOT_ACTION } from '../protocol/limits.js';
import type { AnyTaskCodec } from '../tasks/task-definition.js';

/** Inputs as a task would get them: checked, turned into the bytes that travel, and parsed on the other side. */
export async function receivedInputs(codec: AnyTaskCodec, given: unknown): Promise<unknown> {
  const sent = toBinary(InputsSchema, await codec.encodeInputs(given === undefined ? {} : given));
  return codec.decodeInputs(fromBinary(InputsSchema, sent));
}

/** Outputs as a caller would get them. */
export async function receivedOutputs(codec: AnyTaskCodec, returned: unknown): Promise<unknown> {
  const sent = toBinary(OutputsSchema, await codec.encodeOutputs(returned));
  return codec.decodeOutputs(fromBinary(OutputsSchema, sent));
}

/** What a caller sees of a task that threw. */
export function taskFailed(task: string, run: string, cause: unknown): FlyteError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new FlyteError('task_failed', `Run ${run} of ${task} failed: ${said}`, {
    cause,
    run: { name: run, action: ROOT_ACTION, task, phase: 'failed', attempt: 1, origin: 'user' },
  });
}
