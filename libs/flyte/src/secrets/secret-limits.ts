import { isUtf8 } from 'node:buffer';
import { Secret } from './secret.js';

/** What a variable's name, value and the `=` between them may take in a process of Linux, with the NUL at its end, in bytes. */
const MAX_VARIABLE_BYTES = 128 * 1024;

/**
 * The variable by which Flyte's default secret manager hands all secret files of a task to the container that writes them, a
 * line `<key>=<value in base64>` each (flyteorg/flyte, embedded_secret_manager.go).
 */
const FILES_VARIABLE = 'SECRETS';

/** The longest key of a Kubernetes secret, which Flyte keeps each secret under, in characters. */
const MAX_STORED_NAME = 253;

/** Whether no process can start with a variable of this length. @param valueBytes without its name */
export function isVariableTooLong(name: string, valueBytes: number): boolean {
  return Buffer.byteLength(name) + 1 + valueBytes + 1 > MAX_VARIABLE_BYTES;
}

/**
 * Whether secret files are too long for one task: Flyte's default secret manager puts all of them, in base64, into one
 * variable, and the pod never starts.
 *
 * @param files each with its key and its size in bytes
 */
export function areFilesTooLong(files: readonly { readonly key: string; readonly bytes: number }[]): boolean {
  const lines = files.map(({ key, bytes }) => Buffer.byteLength(key) + 1 + 4 * Math.ceil(bytes / 3) + 1);
  return isVariableTooLong(
    FILES_VARIABLE,
    lines.reduce((sum, line) => sum + line, 0),
  );
}

/** Where a secret is stored; empty texts for what it does not belong to. */
export interface SecretPlace {
  readonly name: string;
  readonly project: string;
  readonly domain: string;
}

/** What is wrong with the length of a secret's name, as a sentence that does not quote it; undefined if it can be stored. */
export function secretNameProblem({ name, project, domain }: SecretPlace): string | undefined {
  // The organization is the same for everybody there.
  const stored = `u__org__flyte__domain__${domain}__project__${project}__key__${name}`;
  const left = MAX_STORED_NAME - (stored.length - name.length);
  if (name.length <= left) return undefined;
  return `The name of the secret has ${name.length} characters; in this project and domain it may have ${Math.max(0, left)}, as Flyte keeps it under one name with them.`;
}

/**
 * What keeps every task from receiving a value, however it is declared; of a declared secret, the way that it arrives.
 *
 * @param secret its name in the store, or its declaration
 * @returns a sentence that quotes no value; undefined if a task can receive it
 */
export function secretValueProblem(secret: string | Secret, value: Uint8Array): string | undefined {
  const key = typeof secret === 'string' ? secret : secret.key;
  const variable = typeof secret === 'string' ? undefined : secret.asEnvVar;
  const isText = !value.includes(0) && isUtf8(value);
  const fitsVariable = isText && !isVariableTooLong(variable ?? '_', value.length);
  const fitsFile = !areFilesTooLong([{ key, bytes: value.length }]);
  const asFile = 'no file can carry it, which may have 96 KiB, all files of a task together';
  const asVariable = isText
    ? 'no variable can carry it, which may have 128 KiB with its name'
    : 'no variable can carry it, which must be UTF-8 text without NUL';
  const begin = `The value of the secret has ${value.length} bytes:`;
  if (variable !== undefined) return fitsVariable ? undefined : `${begin} ${asVariable}.`;
  if (fitsFile || (typeof secret === 'string' && fitsVariable)) return undefined;
  return typeof secret === 'string' ? `${begin} ${asVariable}, and ${asFile}.` : `${begin} ${asFile}.`;
}
