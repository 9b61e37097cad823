import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import pRetry from 'p-retry';
import { markedAsOfSystem } from '../errors/failure-origin.js';
import { FlyteError } from '../errors/flyte-error.js';
import {
  ContainerError_Kind,
  ErrorDocumentSchema,
  ExecutionError_ErrorKind,
} from '../gen/flyteidl2/core/execution_pb.js';
import {
  type Inputs,
  InputsSchema,
  NamedLiteralSchema,
  type Outputs,
  OutputsSchema,
} from '../gen/flyteidl2/task/common_pb.js';
import { ERROR_FILE, OUTPUTS_FILE } from '../protocol/action-documents.js';
import { MAX_RESULT_BYTES } from '../protocol/limits.js';
import { ActionError, type ActionFailure, failedStep } from './action-failure.js';
import { joinUri, storageOf } from '../storage/storage-of.js';

/** The largest inputs.pb, in bytes: beyond what Flyte lets through, and small enough to hold in memory. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/**
 * What a task is given.
 *
 * @throws ActionError of the system: a task can do nothing about its inputs file
 */
export async function readInputs(uri: string): Promise<Inputs> {
  let bytes: Uint8Array;
  try {
    const storage = await storageOf(uri);
    bytes = await storage.read(uri, MAX_INPUT_BYTES);
  } catch (error) {
    const step = { code: 'InputsUnreadable', origin: 'system', recoverable: isPassing(error) } as const;
    throw failedStep(error, step, 'The inputs cannot be read');
  }
  try {
    return fromBinary(InputsSchema, bytes);
  } catch {
    throw new ActionError({
      code: 'InputsUnreadable',
      message: `The inputs cannot be read: ${JSON.stringify(uri)} is no task.Inputs message.`,
      origin: 'system',
      recoverable: false,
    });
  }
}

/**
 * Writes outputs.pb, also where there are no outputs: Flyte expects the file.
 *
 * @returns how many bytes it has
 * @throws ActionError where they are too large, or could not be written
 */
export async function writeOutputs(folder: string, outputs: Outputs): Promise<number> {
  const bytes = toBinary(OutputsSchema, outputs);
  if (bytes.length > MAX_RESULT_BYTES) throw new ActionError(tooLarge(outputs, bytes.length));
  try {
    await write(joinUri(folder, OUTPUTS_FILE), bytes);
  } catch (error) {
    const step = { code: 'OutputsNotWritten', origin: 'system', recoverable: isPassing(error) } as const;
    throw failedStep(error, step, 'The outputs cannot be written');
  }
  return bytes.length;
}

/**
 * Writes error.pb. Flyte reads it where the process exits with 0. What may be retried is the task's own failure there,
 * because Flyte counts no retries of others; {@link markedAsOfSystem} keeps whose it is.
 *
 * @throws FlyteError where it can't be written
 */
export async function writeError(folder: string, { code, message, origin, recoverable }: ActionFailure): Promise<void> {
  const isMarked = origin === 'system' && recoverable;
  const document = create(ErrorDocumentSchema, {
    error: {
      code,
      message: isMarked ? markedAsOfSystem(message) : message,
      kind: recoverable ? ContainerError_Kind.RECOVERABLE : ContainerError_Kind.NON_RECOVERABLE,
      origin: origin === 'system' && !recoverable ? ExecutionError_ErrorKind.SYSTEM : ExecutionError_ErrorKind.USER,
    },
  });
  await write(joinUri(folder, ERROR_FILE), toBinary(ErrorDocumentSchema, document));
}

/** Whether outputs.pb or error.pb is there. Where that can't be found out, it counts as not there. */
export async function hasResult(folder: string): Promise<boolean> {
  const found = [OUTPUTS_FILE, ERROR_FILE].map(async (name) => {
    const uri = joinUri(folder, name);
    try {
      const storage = await storageOf(uri);
      await storage.read(uri, MAX_RESULT_BYTES);
      return true;
    } catch {
      return false;
    }
  });
  return (await Promise.all(found)).includes(true);
}

/** Tries for some seconds where the storage fails: what is lost here, no later attempt can make good. */
async function write(uri: string, bytes: Uint8Array): Promise<void> {
  const storage = await storageOf(uri);
  await pRetry(() => storage.write(uri, bytes), {
    ...{ retries: 6, minTimeout: 250, maxRetryTime: 15_000, randomize: true },
    shouldRetry: ({ error }) => isPassing(error),
  });
}

/** Whether the same may succeed later: the storage failed, and nothing is wrong with what it was asked. */
export function isPassing(error: unknown): boolean {
  return FlyteError.is(error) && error.code === 'unavailable';
}

function tooLarge({ literals }: Outputs, size: number): ActionFailure {
  const sizes = literals
    .map((literal) => ({ name: literal.name, bytes: toBinary(NamedLiteralSchema, literal).length }))
    .toSorted((one, other) => other.bytes - one.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${JSON.stringify(name)} ${bytes}`);
  return {
    code: 'InlineIOMaxBytesBreached',
    message:
      `The outputs have ${size} bytes, and Flyte takes ${MAX_RESULT_BYTES} (2 MiB). The largest: ${sizes.join(', ')}. ` +
      'Store large values yourself and return a FlyteFile, which is a reference.',
    origin: 'user',
    recoverable: false,
  };
}
