import { isVariableTooLong } from 'nestjs-flyte/protocol';
import { AttemptRefused } from './attempt-refused.js';

/** Variables of a process. */
export type Variables = Readonly<Record<string, string>>;

/** What a Windows process can't start without. */
const WINDOWS = ['SystemRoot', 'SystemDrive', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE'];

/**
 * What every action has of the plane's environment: PATH, HOME and the locale. Everything else stays out, because the
 * plane is started from shells that hold credentials.
 */
export function inheritedVariables(parent: NodeJS.ProcessEnv): Variables {
  const isInherited = (name: string): boolean =>
    ['PATH', 'HOME', 'LANG', 'LANGUAGE'].includes(name) ||
    name.startsWith('LC_') ||
    (process.platform === 'win32' && [...WINDOWS, 'Path'].includes(name));
  const entries = Object.entries(parent).filter(
    (entry): entry is [string, string] => isInherited(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

/**
 * The variables that a task's author or a run's caller set, the later of two with one name.
 *
 * @throws AttemptRefused for what no process can be given; the message does not quote values
 */
export function givenVariables(pairs: readonly { readonly key: string; readonly value: string }[]): Variables {
  const variables: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const { key, value } of pairs) {
    if (key === '' || key.includes('=') || key.includes('\0')) {
      throw new AttemptRefused(
        `The variable ${JSON.stringify(key)} can't be set: its name is empty or holds "=" or NUL.`,
      );
    }
    if (value.includes('\0'))
      throw new AttemptRefused(`The variable ${key} can't be set: its value holds a NUL character.`);
    if (isVariableTooLong(key, Buffer.byteLength(value))) {
      throw new AttemptRefused(`The variable ${key} can't be set: with its name it is longer than 128 KiB.`);
    }
    variables[key] = value;
  }
  return variables;
}
