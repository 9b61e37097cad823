import { constants } from 'node:os';
import type { ExitStatus } from '../processes/run-process.js';

/** What exit codes mean by the conventions of shells. */
const CODES: ReadonlyMap<number, string> = new Map([
  [126, 'a shell found the command and could not execute it'],
  [127, 'a shell did not find the command'],
]);

/** What signals usually mean, besides what their names say. */
const SIGNALS: ReadonlyMap<string, string> = new Map([
  ['SIGKILL', 'somebody killed it, or the system ran out of memory'],
  ['SIGTERM', 'somebody asked it to end'],
  ['SIGSEGV', 'it crashed'],
  ['SIGABRT', 'it gave up'],
]);

/**
 * Explains how a process ended that did not succeed.
 *
 * @param logEnd the last lines of its log, with secrets hidden; empty for none
 */
export function exitMessage({ code, signal }: ExitStatus, logEnd: string): string {
  const log = logEnd === '' ? ' It logged nothing.' : ` The end of its log:\n${logEnd.slice(-2000)}`;
  if (signal !== null) return `The process was ended by ${withMeaning(signal)}.${log}`;
  // A shell says 128 plus the signal that ended what it ran.
  const ofChild = Object.entries(constants.signals).find(([, number]) => number + 128 === code)?.[0];
  const meaning = ofChild === undefined ? CODES.get(code ?? 0) : `ended by ${withMeaning(ofChild)}`;
  return `The process ended with exit code ${code}${meaning === undefined ? '' : ` (${meaning})`}.${log}`;
}

/** Whether a process aborted itself: as an interpreter ends, its threads may have it do so after all is done (CPython's do). */
export function gaveUp({ code, signal }: ExitStatus): boolean {
  return signal === 'SIGABRT' || code === 128 + constants.signals.SIGABRT;
}

function withMeaning(signal: string): string {
  const meaning = SIGNALS.get(signal);
  return meaning === undefined ? signal : `${signal}: ${meaning}`;
}
