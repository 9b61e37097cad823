import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { FlyteError } from '../errors/flyte-error.js';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import {
  ContainerError_Kind,
  ErrorDocumentSchema,
  ExecutionError_ErrorKind,
} from '../gen/flyteidl2/core/execution_pb.js';
import { type Outputs, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import type { TraceActionSchema } from '../gen/flyteidl2/workflow/run_definition_pb.js';
import { PLAIN_TYPE } from '../literals/plain-value.js';
import { ERROR_FILE, OUTPUTS_FILE } from '../protocol/action-documents.js';
import { MAX_RESULT_BYTES } from '../protocol/limits.js';
import { failureOf } from '../runtime/action-failure.js';
import { NonRecoverableError } from '../runtime/non-recoverable-error.js';
import { joinUri, storageOf } from '../storage/storage-of.js';
import { readOutputs } from './read-outputs.js';

/** What became of a step. */
export interface StepResult {
  /** Where its outputs are; empty where it failed. */
  readonly uri: string;
  /** @throws what it failed with */
  readonly outputs: () => Outputs;
}

/**
 * What a step gave an earlier attempt: the files that it left are the record, since Flyte's backend does not tell of steps when it is asked for children.
 *
 * @param place its folder, as a URI
 */
export async function recordedStep(place: string, step: string): Promise<StepResult | undefined> {
  const [outputs, failure] = await Promise.all([
    ifThere(readOutputs(place, step, 'ctx.trace')),
    ifThere(readFailure(joinUri(place, ERROR_FILE))),
  ]);
  if (outputs) return { uri: joinUri(place, OUTPUTS_FILE), outputs: () => outputs };
  return failure && failed(failure);
}

/**
 * Takes a step, and leaves its result in its folder. A failure is a result only where taking it again would not change it.
 *
 * @param redact takes secrets out of what is kept of a failure
 * @throws what the step throws, where it is not recorded
 */
export async function takeStep(
  work: () => Promise<Outputs>,
  place: string,
  redact: (text: string) => string,
): Promise<StepResult> {
  let outputs: Outputs;
  try {
    outputs = await work();
  } catch (error) {
    const { code, message, recoverable } = failureOf(error);
    if (recoverable) throw error;
    const document = create(ErrorDocumentSchema, {
      error: {
        code: redact(code),
        message: redact(message),
        kind: ContainerError_Kind.NON_RECOVERABLE,
        origin: ExecutionError_ErrorKind.USER,
      },
    });
    await write(joinUri(place, ERROR_FILE), toBinary(ErrorDocumentSchema, document));
    return failed(error);
  }
  const bytes = toBinary(OutputsSchema, outputs);
  if (bytes.length > MAX_RESULT_BYTES) {
    throw new FlyteError(
      'out_of_range',
      `The result of the step has ${bytes.length} bytes, and Flyte takes ${MAX_RESULT_BYTES} (2 MiB): store it, and record where.`,
    );
  }
  const uri = joinUri(place, OUTPUTS_FILE);
  await write(uri, bytes);
  return { uri, outputs: () => outputs };
}

/** A step as Flyte shows it. */
export function traceOf(
  name: string,
  startedAt: Date,
  { uri }: StepResult,
): MessageInitShape<typeof TraceActionSchema> {
  return {
    name,
    phase: uri === '' ? ActionPhase.FAILED : ActionPhase.SUCCEEDED,
    startTime: timestampFromDate(startedAt),
    endTime: timestampFromDate(new Date()),
    outputs: { outputUri: uri },
    spec: { interface: { inputs: { variables: [input] }, outputs: { variables: [output] } } },
  };
}

const input = { key: 'input', value: { type: PLAIN_TYPE } };
const output = { key: 'o0', value: { type: PLAIN_TYPE } };

function failed(error: unknown): StepResult {
  return {
    uri: '',
    outputs: () => {
      throw error;
    },
  };
}

async function readFailure(uri: string): Promise<NonRecoverableError> {
  const { error } = fromBinary(ErrorDocumentSchema, await (await storageOf(uri)).read(uri, MAX_RESULT_BYTES));
  return new NonRecoverableError(error?.message ?? 'no reason given', { code: error?.code ?? 'NonRecoverableError' });
}

async function write(uri: string, bytes: Uint8Array): Promise<void> {
  await (await storageOf(uri)).write(uri, bytes);
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (FlyteError.is(error) && error.code === 'not_found') return undefined;
    throw error;
  }
}
