import { createHash, randomBytes } from 'node:crypto';
import { FlyteError } from '../../errors/flyte-error.js';
import type { Inputs } from '../../gen/flyteidl2/task/common_pb.js';
import { canonicalBytes } from '../../literals/canonical-bytes.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const RUN_NAME = /^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$/;

/** What a run's name is, for messages. */
export const RUN_NAME_FORM = 'at most 30 lower-case letters, digits and "-", beginning with a letter';

/** The annotation that tells a run's inputs apart from others, where its name may be given twice. */
export const INPUTS_DIGEST = 'nestjs-flyte/inputs-digest';

/** A name that no other run has. The client gives it, so that a creation can be repeated without making two runs. */
export function newRunName(): string {
  return `r${letters(randomBytes(19))}`;
}

/** The name that an idempotency key gives to a run of a task: the same in every process. */
export function runNameOf(task: string, idempotencyKey: string): string {
  return `k${letters(
    createHash('sha256')
      .update(JSON.stringify([task, idempotencyKey]))
      .digest(),
  )}`;
}

/**
 * Hex SHA-256 of inputs, whatever their order and that of their keys.
 *
 * @param task the name of the task, where the run's name does not tell it
 */
export function inputsDigest(inputs: Inputs, task = ''): string {
  const literals = inputs.literals.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return createHash('sha256')
    .update(task)
    .update(canonicalBytes({ ...inputs, literals }))
    .digest('hex');
}

/**
 * Checks a run's name before it travels: what Flyte cannot have given is nobody's run.
 *
 * @throws FlyteError `invalid_argument`
 */
export function checkRunName(name: string): string {
  if (isRunName(name)) return name;
  throw new FlyteError('invalid_argument', `This is no name of a run: ${RUN_NAME_FORM}.`);
}

/** Whether Flyte takes a text as the name of a run. */
export function isRunName(name: unknown): boolean {
  return typeof name === 'string' && RUN_NAME.test(name);
}

/** 29 characters of a DNS label, five bits each. */
function letters(bytes: Uint8Array): string {
  return Array.from({ length: 29 }, (_, index) => {
    const bit = index * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    return ALPHABET[(pair >> (11 - (bit & 7))) & 31];
  }).join('');
}
