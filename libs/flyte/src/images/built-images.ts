import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';

/** The file that a build leaves in the app's root. An output of the build: neither committed nor copied into an image. */
export const IMAGES_FILE = 'flyte.images.json';

/** An image that was built. */
export interface BuiltName {
  /** Registry, name and tag. */
  readonly image: string;
  /** What the registry knows it by, `sha256:…`; undefined for one that was not pushed. */
  readonly digest?: string | undefined;
}

/** Images by the names of the environments whose tasks run in them. */
export type BuiltImages = ReadonlyMap<string, BuiltName>;

const Images = z.object({
  environments: z.record(
    z.string(),
    z.object({
      image: z.string().min(1),
      digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/)
        .optional(),
    }),
  ),
});

/** The name that a cluster pulls by: with the digest, where it is known, so that nobody can move the tag. */
export function pinnedName({ image, digest }: BuiltName): string {
  return digest === undefined ? image : `${image}@${digest}`;
}

/**
 * What was built last; nothing where there is no file.
 *
 * @param root the app's root
 * @throws FlyteError `invalid_configuration` for a file that no build wrote
 */
export function readBuiltImages(root: string): BuiltImages {
  const path = join(root, IMAGES_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return new Map();
    throw unreadable(path, error);
  }
  try {
    return new Map(Object.entries(Images.parse(JSON.parse(text)).environments));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Writes what was built, all of it or nothing, in place of what was there.
 *
 * @returns the file's path
 * @throws FlyteError `failed_precondition` where it can't be written
 */
export function writeBuiltImages(root: string, images: BuiltImages): string {
  const path = join(root, IMAGES_FILE);
  const temporary = `${path}.${randomUUID()}.tmp`;
  const environments = Object.fromEntries([...images].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  try {
    writeFileSync(temporary, `${JSON.stringify({ environments }, undefined, 2)}\n`);
    renameSync(temporary, path);
  } catch (error) {
    throw new FlyteError(
      'failed_precondition',
      `The images were built, and ${path} can't be written (${systemCodeOf(error) ?? 'unknown'}), which "deploy" reads. ` +
        'See who may write there, and build again: what is built already is found.',
    );
  } finally {
    rmSync(temporary, { force: true });
  }
  return path;
}

function unreadable(path: string, cause: unknown): FlyteError {
  return new FlyteError(
    'invalid_configuration',
    `${path} is not what a build writes. Remove it, and run "npx --no-install nestjs-flyte build" again.`,
    { cause },
  );
}
