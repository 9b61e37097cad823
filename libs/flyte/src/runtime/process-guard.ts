import { FlyteError } from '../errors/flyte-error.js';
import { type ActionFailure, failureOf } from './action-failure.js';
import type { ActionLife } from './action-life.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Lets an action, and nothing else, decide how its process ends: signals, errors that nobody caught, `process.exit` in
 * the task's code, and a task that waits for what never comes.
 *
 * @returns gives everything back
 */
export function guardProcess(life: ActionLife, process: NodeJS.Process = globalThis.process): () => void {
  let isAsked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever signals a group of processes is heard twice: from there, and from the process above, which passes it on. That
    // one, too, ends the action where it is asked again.
    if (isAsked) return;
    isAsked = true;
    life.interrupt(interrupted(signal), new FlyteError('canceled', `The process was sent ${signal}.`));
  };
  const onUncaught = (error: unknown): void => {
    if (!(error instanceof ExitError)) life.end(uncaught(error));
  };
  const onIdle = (): void => life.idle(idle);
  const exit = Object.getOwnPropertyDescriptor(process, 'exit');

  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  process.on('beforeExit', onIdle);
  process.exit = (code?: number | string | null): never => {
    life.end(exited(code ?? process.exitCode));
    throw new ExitError('process.exit() was called inside an action of Flyte.');
  };

  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
    process.off('beforeExit', onIdle);
    Object.defineProperty(process, 'exit', exit ?? {});
  };
}

/** Ends the code that called `process.exit`, as that would have done. */
class ExitError extends Error {
  override readonly name = 'ExitError';
}

function interrupted(signal: string): ActionFailure {
  return {
    code: 'Interrupted',
    message: `The task was interrupted: its process was sent ${signal}, because the run was aborted or the machine is taken away.`,
    origin: 'system',
    recoverable: true,
    isInterruption: true,
  };
}

function uncaught(error: unknown): ActionFailure {
  const failure = failureOf(error);
  return { ...failure, message: `Nobody caught an error of the task, which ended it: ${failure.message}` };
}

function exited(code: number | string | null | undefined): ActionFailure {
  return {
    code: 'ProcessExit',
    message: `The task's code called process.exit(${String(code ?? '')}). Throw an error instead; to succeed, return.`,
    origin: 'user',
    recoverable: true,
  };
}

const idle: ActionFailure = {
  code: 'NeverSettled',
  message:
    'The task waits for a promise that nothing will settle: no timer, no connection and no other work is left in its process.',
  origin: 'user',
  recoverable: true,
};
