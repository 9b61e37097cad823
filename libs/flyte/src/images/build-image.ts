import type { Environment } from '../secrets/read-secret.js';
import { writeContext } from './build-context.js';
import type { BuilderName, BuildLine } from './builders/builder.js';
import { digestInRegistry, isHere, isInRegistry } from './builders/find-image.js';
import { runBuilder } from './builders/run-builder.js';
import { findBuilder } from './builders/find-builder.js';
import { type RunProcess, runProcess } from './builders/run-process.js';
import { imageError } from './dockerfile-text.js';
import type { Image } from './image.js';
import { Redactor } from '../protocol/redactor.js';
import { findSecretSources } from './secret-source.js';

/** What a build tells while it goes on, secrets taken out: steps, what they print, and what was decided. */
export type BuildProgress = BuildLine | { readonly kind: 'note'; readonly text: string };

/** How an image is built. */
export interface BuildImageOptions {
  /** The builder; without it the one of `FLYTE_IMAGE_BUILDER`, else the first that works on this machine. */
  readonly builder?: BuilderName;
  /** Whether the image is pushed to its registry too. */
  readonly push?: boolean;
  /** Whether it is built even where its tag exists. Layers that did not change still come from the builder's cache. */
  readonly rebuild?: boolean;
  /** The network of the steps; the builder's own without it. */
  readonly network?: 'host' | 'none';
  /** Where secrets and the builder's settings are looked for; the variables of the process without it. */
  readonly env?: Environment;
  /** Milliseconds that the build may take, and again the push; 30 minutes without it. */
  readonly timeoutMs?: number;
  /** Ends the build early. */
  readonly signal?: AbortSignal;
  /** Gets each step and each line. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

/** What became of a build. */
export interface BuiltImage {
  /** Registry, name and tag. */
  readonly fullName: string;
  /**
   * `built`; or why not: `found_locally` and `found_in_registry` where the tag exists, `used_as_is` where the
   * declaration adds nothing to its base.
   */
  readonly outcome: 'built' | 'found_locally' | 'found_in_registry' | 'used_as_is';
  /** Whether this call pushed it. */
  readonly pushed: boolean;
  /** What its registry knows it by, `sha256:…`; undefined where it was not asked, or did not say. */
  readonly digest?: string | undefined;
  /** Name and version of the builder; undefined where none was needed. */
  readonly builder: string | undefined;
}

const HALF_AN_HOUR = 30 * 60_000;

/**
 * Builds an image, and pushes it where asked to, unless its tag exists already: on this machine or in its registry.
 *
 * @param run how programs are run, for tests
 * @throws FlyteError `failed_precondition` where secrets or a builder are missing, listing all of them, before anything
 *   is built; `image_build_failed` where the builder fails or takes too long; `invalid_configuration` for what can't be
 *   built; `canceled` by the signal
 */
export async function buildImage(
  image: Image,
  options: BuildImageOptions = {},
  run: RunProcess = runProcess,
): Promise<BuiltImage> {
  const { push = false, env = process.env, signal, onProgress: tell = () => undefined } = options;
  const { fullName } = image;
  if (!image.isBuilt) return { fullName, outcome: 'used_as_is', pushed: false, builder: undefined };
  if (push && image.registry === undefined) {
    throw imageError(
      `${fullName} has no registry to be pushed to; give one: image.clone({ registry: "ghcr.io/acme" }).`,
    );
  }
  const plan = image.plan();
  const around = { env, run, signal };
  const builder = await findBuilder(options.builder, around);
  const result = { fullName, builder: `${builder.name} ${builder.version}` };

  const look = options.rebuild !== true;
  const locally = look && (await isHere(fullName, builder, around));
  if (
    look &&
    image.registry !== undefined &&
    (push || !locally) &&
    (await isInRegistry(fullName, builder, around, locally))
  ) {
    tell({ kind: 'note', text: `${fullName} is in the registry already.` });
    const digest = await digestInRegistry(fullName, builder, around);
    return { ...result, outcome: 'found_in_registry', pushed: false, digest };
  }

  const timeoutMs = options.timeoutMs ?? HALF_AN_HOUR;
  if (locally) tell({ kind: 'note', text: `${fullName} is on this machine already.` });
  else {
    const secrets = findSecretSources(plan.secrets, env);
    const redactor = await Redactor.of([...secrets.values()].map(({ value }) => value));
    tell({ kind: 'note', text: `Building ${fullName} with ${result.builder}.` });
    if (plan.lacksFlyte) {
      const text =
        'No task can run in this image, for it holds no nestjs-flyte: bring a project that depends on it, ' +
        'withNpmProject("."), or add the copy that is installed here, withFlyte().';
      tell({ kind: 'note', text });
    }
    const { network } = options;
    const written = writeContext(plan);
    try {
      const job = { fullName, platform: image.platform, ...written, secrets, proxies: plan.proxies, network };
      await runBuilder(builder, 'build', builder.build(job), { ...around, fullName, tell, redactor, timeoutMs });
    } finally {
      written.remove();
    }
  }
  if (push) {
    tell({ kind: 'note', text: `Pushing ${fullName}.` });
    await runBuilder(builder, 'push', builder.push(fullName), { ...around, fullName, tell, timeoutMs });
  }
  const digest = push ? await digestInRegistry(fullName, builder, around) : undefined;
  return { ...result, outcome: locally ? 'found_locally' : 'built', pushed: push, digest };
}
