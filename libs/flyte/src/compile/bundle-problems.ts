import type { BuildFailure, Message } from 'esbuild';
import { FlyteError } from '../errors/flyte-error.js';

const MOST = 10;

/** What the bundler found wrong, as an error of ours. */
export function bundleProblem(error: unknown, module: string): unknown {
  if (!isFailure(error)) return error;
  const shown = error.errors.slice(0, MOST).map(messageText);
  const more = error.errors.length > MOST ? [`and ${error.errors.length - MOST} more`] : [];
  return new FlyteError('invalid_argument', [`${module} can't be compiled:`, ...shown, ...more].join('\n'));
}

/** A message of the bundler in one line, with the place that it is about. */
export function messageText({ text, location }: Message): string {
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

function isFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
