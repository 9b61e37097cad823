import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';

/** Controls, line and paragraph separators, halves of surrogate pairs: nothing that a Dockerfile's line may hold. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
const UNPRINTABLE_BUT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Docker 20.10 reads a Dockerfile by lines of at most 64 KiB; JSON doubles some characters. */
const LONGEST_TEXT = 24 * 1024;

/** The error of a declaration that can't become an image. @param sentence what is wrong, with what was given and a valid example */
export function imageError(sentence: string): FlyteError {
  return new FlyteError('invalid_configuration', sentence);
}

/**
 * Text that fits on one line of a Dockerfile.
 *
 * @param what the text's role, to begin the message with
 * @throws FlyteError `invalid_configuration` for control characters, line breaks, broken Unicode, over 24 KiB
 */
export function oneLine(what: string, text: unknown): string {
  if (typeof text !== 'string') throw imageError(`${what} takes text, and was given ${quoted(text)}.`);
  if (UNPRINTABLE.test(text)) throw imageError(`${what} holds a line break or a control character: ${quoted(text)}.`);
  return notTooLong(what, text);
}

/**
 * One word of a shell-form RUN. Quoted wherever the shell could see more in it than a word.
 *
 * @throws FlyteError `invalid_configuration` as {@link oneLine}, and for `<<`, where newer builders would begin a
 * here-document and take the instructions that follow for its text
 */
export function shellWord(what: string, text: string): string {
  const line = oneLine(what, text);
  if (line.includes('<<')) throw imageError(`${what} holds "<<", which can't stand there: ${quoted(line)}.`);
  return PLAIN_WORD.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}

/**
 * The JSON form of an instruction's arguments: whatever the strings hold, quotes and line breaks included, stays
 * inside them, and no builder looks for here-documents or variables there.
 *
 * @throws FlyteError `invalid_configuration` for control characters other than line breaks and tabs, or over 24 KiB
 */
export function jsonForm(what: string, words: readonly string[]): string {
  const parts = words.map((word) => {
    if (UNPRINTABLE_BUT_LAYOUT.test(word)) throw imageError(`${what} holds a control character: ${quoted(word)}.`);
    return JSON.stringify(notTooLong(what, word));
  });
  return `[${parts.join(', ')}]`;
}

/**
 * `NAME="value"` for ENV, the value taken literally: `$` stands for itself.
 *
 * @throws FlyteError `invalid_configuration` for a name that is no variable's, or as {@link oneLine} for the value
 */
export function envPair(name: string, value: string): string {
  if (!VARIABLE.test(name)) {
    throw imageError(`${quoted(name)} is no name of an environment variable; a valid example: LOG_LEVEL.`);
  }
  return `${name}=${doubleQuoted(oneLine(`The environment variable ${name}`, value))}`;
}

/** Text in double quotes as ENV and LABEL read them. The caller has checked that it is one line. */
export function doubleQuoted(line: string): string {
  return `"${line.replaceAll(/[\\"$]/g, String.raw`\$&`)}"`;
}

function notTooLong(what: string, text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  throw imageError(`${what} is ${text.length} characters long, and builders take ${LONGEST_TEXT}: put it into a file.`);
}
