import type { Logger } from '@nestjs/common';
import type { FlyteError } from '../errors/flyte-error.js';
import { failedRun, httpStatus } from './http-answer.js';

/** Whether an error is no fault of the client, who then learns its code only; the rest is for the log. */
export function isServerFault(error: FlyteError): boolean {
  return httpStatus(error) >= 500;
}

/** What a client may read, by the same rule for all transports. */
export function clientMessage(error: FlyteError): string {
  if (!isServerFault(error)) return error.message;
  const run = failedRun(error);
  if (run !== undefined) return `${run} (${error.code})`;
  return `Flyte: ${error.fault === 'operator' ? 'internal' : error.code}`;
}

/** Logs a server's fault: everything there is to know, none of which is a credential. */
export function logServerFault(logger: Logger, error: FlyteError): void {
  if (!isServerFault(error)) return;
  const { code, message, detail, stack } = error;
  const where = stack?.split('\n').slice(1).join('\n');
  logger.error([`${code}: ${message}`, detail, where].filter(Boolean).join('\n'));
}
