import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import type { CatalogCacheStatus } from 'nestjs-flyte/idl/core/catalog';
import { OutputsSchema, type Outputs } from 'nestjs-flyte/idl/task/common';
import {
  ContainerError_Kind,
  ErrorDocumentSchema,
  ExecutionError_ErrorKind,
  type ContainerError,
} from 'nestjs-flyte/idl/core/execution';
import { ErrorInfo_Kind, type ErrorInfo } from 'nestjs-flyte/idl/workflow/run_definition';
import { ERROR_FILE, OUTPUTS_FILE, MAX_RESULT_BYTES } from 'nestjs-flyte/protocol';
import { errorInfo } from '../../runs/action-record.js';
import { codeOf } from '../../state/atomic-file.js';
import { DamagedState } from '../../state/state-problem.js';
import { fileUrl } from './data-folder.js';

/** Why an attempt was ended from outside. */
export type StopReason = 'aborted' | 'timed_out' | 'queued_too_long' | 'deadline' | 'shutdown';

/** How an attempt went. */
export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly outputUri: string; readonly cacheStatus?: CatalogCacheStatus }
  | { readonly kind: 'failed'; readonly canRetry: boolean; readonly error: ErrorInfo }
  | { readonly kind: 'stopped'; readonly reason: StopReason };

/**
 * What a process that returned 0 left: error.pb decides if it is there; otherwise there must be outputs.pb.
 *
 * @param folder the attempt's output prefix
 */
export function readResult(folder: string): AttemptResult {
  const error = readBounded(join(folder, ERROR_FILE));
  if (error.kind === 'bytes') return toFailure(error.bytes);
  if (error.kind === 'unusable') return failed(true, ErrorInfo_Kind.USER, `${ERROR_FILE} ${error.problem}.`);
  const outputs = readBounded(join(folder, OUTPUTS_FILE));
  if (outputs.kind === 'absent') {
    return failed(
      false,
      ErrorInfo_Kind.SYSTEM,
      `${OUTPUTS_FILE} not found: the process ended with exit code 0 and wrote neither ${OUTPUTS_FILE} nor ${ERROR_FILE} to its output prefix.`,
    );
  }
  if (outputs.kind === 'unusable') return failed(false, ErrorInfo_Kind.USER, `${OUTPUTS_FILE} ${outputs.problem}.`);
  if (parseOutputs(outputs.bytes) === undefined) {
    return failed(false, ErrorInfo_Kind.USER, `${OUTPUTS_FILE} is no task.Outputs message.`);
  }
  return { kind: 'succeeded', outputUri: fileUrl(join(folder, OUTPUTS_FILE)) };
}

/** Whether an attempt has written how it went. */
export function hasResult(folder: string): boolean {
  return [ERROR_FILE, OUTPUTS_FILE].some((name) => readBounded(join(folder, name)).kind === 'bytes');
}

/**
 * The outputs that an attempt left; undefined if they are gone.
 *
 * @throws DamagedState
 */
export function readOutputs(folder: string): Outputs | undefined {
  const path = join(folder, OUTPUTS_FILE);
  const outputs = readBounded(path);
  if (outputs.kind === 'absent') return undefined;
  const message = outputs.kind === 'bytes' ? parseOutputs(outputs.bytes) : undefined;
  if (message !== undefined) return message;
  throw new DamagedState(`The file of outputs ${path}`, 'Delete it, and run the task again: these outputs are lost.');
}

function parseOutputs(bytes: Uint8Array): Outputs | undefined {
  try {
    return fromBinary(OutputsSchema, bytes);
  } catch {
    return undefined;
  }
}

/** The failure that an attempt, or a step, left in its folder; undefined where it left none that can be read. */
export function readError(folder: string): ContainerError | undefined {
  const error = readBounded(join(folder, ERROR_FILE));
  if (error.kind !== 'bytes') return undefined;
  try {
    return fromBinary(ErrorDocumentSchema, error.bytes).error;
  } catch {
    return undefined;
  }
}

/** A failure. @param message for the run's record */
export function failed(canRetry: boolean, kind: ErrorInfo_Kind, message: string): AttemptResult {
  return { kind: 'failed', canRetry, error: errorInfo(kind, message) };
}

function toFailure(bytes: Uint8Array): AttemptResult {
  try {
    const { error } = fromBinary(ErrorDocumentSchema, bytes);
    if (error !== undefined) {
      const kind = error.origin === ExecutionError_ErrorKind.SYSTEM ? ErrorInfo_Kind.SYSTEM : ErrorInfo_Kind.USER;
      const message =
        error.message === '' ? `The task failed with the code ${JSON.stringify(error.code)}.` : error.message;
      return failed(error.kind === ContainerError_Kind.RECOVERABLE, kind, message);
    }
  } catch {
    // Said below.
  }
  return failed(true, ErrorInfo_Kind.USER, `${ERROR_FILE} is no core.ErrorDocument message with an error.`);
}

type Bounded =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly problem: string };

/** Neither a link nor a pipe: the one leads elsewhere, and opening the other waits for ever. */
function readBounded(path: string): Bounded {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let handle: number;
  try {
    handle = openSync(path, O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0));
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'absent' }
      : { kind: 'unusable', problem: `can't be read (${code})` };
  }
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) return { kind: 'unusable', problem: 'is no file' };
    if (status.size > MAX_RESULT_BYTES) {
      return { kind: 'unusable', problem: `has ${status.size} bytes, and may have ${MAX_RESULT_BYTES} (2 MiB)` };
    }
    return { kind: 'bytes', bytes: readFileSync(handle) };
  } finally {
    closeSync(handle);
  }
}
