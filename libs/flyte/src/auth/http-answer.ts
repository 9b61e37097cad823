import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { FlyteError, FlyteErrorCode } from '../errors/flyte-error.js';

/** The HTTP status of each kind of failure. What is missing is the fault of Flyte or of the way to it: 502. */
const STATUS: Partial<Record<FlyteErrorCode, number>> = {
  invalid_argument: 400,
  out_of_range: 400,
  failed_precondition: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  aborted: 409,
  resource_exhausted: 429,
  canceled: 499, // nginx's "client closed request": who would read it has left
  invalid_configuration: 500,
  misuse: 500,
  unimplemented: 501,
  task_failed: 502,
  run_aborted: 502,
  run_timed_out: 502,
  unavailable: 503,
  deadline_exceeded: 504,
};

const REASON_499 = 'Client Closed Request';

/** The HTTP status that a client gets for an error. */
export function httpStatus(error: FlyteError): number {
  return error.fault === 'operator' ? 500 : (STATUS[error.code] ?? 502);
}

/** Which run did not succeed, in words that hold nothing of what its task said. */
export function failedRun({ run }: FlyteError): string | undefined {
  if (!run) return undefined;
  const words = { failed: 'failed', aborted: 'was aborted', timed_out: 'timed out' };
  return `Run ${run.name}${run.task && ` of ${run.task}`} ${words[run.phase]}.`;
}

/**
 * An error in Nest's own form and with Nest's usual body. Only a client whose request was at fault is told why; of the
 * others' reasons it learns the name alone, and of a run that did not succeed which one it was.
 */
export function toHttpException(error: FlyteError): HttpException {
  const statusCode = httpStatus(error);
  const reason = STATUS_CODES[statusCode] ?? REASON_499;
  const { run, code } = error;
  const message = statusCode < 500 ? error.message : (failedRun(error) ?? reason);
  const which = run && { code, run: { name: run.name, task: run.task, phase: run.phase } };
  return new HttpException({ statusCode, message, error: reason, ...which }, statusCode, { cause: error });
}

/**
 * Sets a header on an answer of Express, of Fastify or of Node itself; nothing where there is none to set it on, or where
 * it is too late.
 */
export function setAnswerHeader(response: object | undefined, name: string, value: string): void {
  const { header, setHeader, headersSent } = (response ?? {}) as Record<
    'header' | 'setHeader' | 'headersSent',
    unknown
  >;
  if (headersSent === true) return;
  if (typeof header === 'function') header.call(response, name, value);
  else if (typeof setHeader === 'function') setHeader.call(response, name, value);
}

/**
 * Ends an answer of Fastify whose head is out already. Nest 11 would answer once more, and the rejection of that, which
 * nobody handles, would end the process; Nest 12 ends such answers itself.
 *
 * @returns whether it was one
 */
export function endBegunAnswer(response: object | undefined): boolean {
  const { raw } = (response ?? {}) as { raw?: { headersSent: boolean; end: () => void } };
  if (!raw?.headersSent) return false;
  raw.end();
  return true;
}
