import { type Command, InvalidArgumentError } from 'commander';

/** Adds the option of lists: how many there may be. */
export function limitOption(command: Command): Command {
  return command.option('--limit <number>', 'at most so many', wholeNumber, 50);
}

/** A whole number from 1, of an option's text. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('Give a whole number from 1.');
}
