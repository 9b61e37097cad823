import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_STATE } from '../state/state-folder.js';

/** The flag `--state`, which every command has. */
export function stateOption(): Option {
  return new Option('--state <folder>', `the state folder (default: ${DEFAULT_STATE})`);
}

/** Parses a flag that may be repeated. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** Parses a flag that is a whole number. */
export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** Parses a flag that is a whole number above 0. */
export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be above 0.');
}
