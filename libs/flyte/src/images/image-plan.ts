import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BuildSecret } from './build-secret.js';
import type { ContextEntry } from './context-files.js';
import { DockerfileWriter } from './dockerfile-writer.js';
import type { ImageBase } from './image-base.js';
import type { Platform } from './image-names.js';
import type { ImageStep } from './steps/step.js';

/** One file of a build context, and the hash of what the image will hold. */
export interface PlannedFile {
  readonly entry: ContextEntry;
  /** Hex SHA-256 of the file's bytes, of a link's target, or of a text. */
  readonly digest: string;
}

/** All that a builder needs, and what of it makes the image's tag. */
export interface ImagePlan {
  readonly dockerfile: string;
  /** Secrets by the ids of the Dockerfile. */
  readonly secrets: ReadonlyMap<string, BuildSecret>;
  /** Files by their folder in the build context. */
  readonly files: ReadonlyMap<string, readonly PlannedFile[]>;
  /** Proxies of the build, by the variables that builders know. No part of the tag. */
  readonly proxies: ReadonlyMap<string, string>;
  /** 32 hex digits of a hash of what is built. */
  readonly tag: string;
  /** Whether neither its base nor a step can have brought this package, which tasks need. */
  readonly lacksFlyte: boolean;
}

/**
 * The Dockerfile alone, which needs none of the files.
 *
 * @returns a writer that has it, with the secrets and the files it refers to
 */
export function writeDockerfile(base: ImageBase, steps: readonly ImageStep[]): DockerfileWriter {
  const writer = new DockerfileWriter();
  writer.add(`FROM ${base.uri}`);
  base.begin(writer);
  for (const step of steps) step(writer);
  base.finish(writer);
  return writer;
}

/**
 * Reads the files that an image copies, and hashes what is built: the Dockerfile, the files with their paths, bytes and
 * executable bits, the platform, and which secrets take part, never their values. Paths of the machine take no part.
 *
 * @throws FlyteError `invalid_configuration` where a file is missing
 */
export function planImage(base: ImageBase, steps: readonly ImageStep[], platform: Platform): ImagePlan {
  const writer = writeDockerfile(base, steps);
  const dockerfile = writer.toString();
  const files = new Map(
    [...writer.context].map(([folder, source]) => [
      folder,
      source.list().map((entry) => ({ entry, digest: digestOf(entry) })),
    ]),
  );
  const contents = [...files].flatMap(([folder, planned]) =>
    planned.map(({ entry, digest }) => [
      folder,
      entry.path,
      entry.kind === 'file' ? entry.executable : entry.kind,
      digest,
    ]),
  );
  const secrets = [...writer.secrets].map(([id, { identity }]) => [id, identity]);
  const tag = createHash('sha256')
    .update(JSON.stringify({ dockerfile, platform, secrets, contents }))
    .digest('hex')
    .slice(0, 32);
  const { secrets: secretsById, proxies, lacksFlyte } = writer;
  return { dockerfile, secrets: secretsById, files, proxies, tag, lacksFlyte };
}

/** Hex SHA-256 of what an entry puts into the image. */
export function digestOf(entry: ContextEntry): string {
  return createHash('sha256').update(bytesOf(entry)).digest('hex');
}

function bytesOf(entry: ContextEntry): Buffer | string {
  if (entry.kind === 'file') return readFileSync(entry.source);
  return entry.kind === 'link' ? entry.target : entry.text;
}
