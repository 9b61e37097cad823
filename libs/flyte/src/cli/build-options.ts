import { type Command, Option } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { buildImage } from '../images/build-image.js';
import type { BuildImageOptions, BuiltImage } from '../images/build-image-options.js';
import { BUILDERS, type BuilderName } from '../images/builders/builder.js';
import { BUILDER_VARIABLE } from '../images/builders/find-builder.js';
import type { Image } from '../images/image.js';
import { imagePlatform } from '../images/image-names.js';
import { buildReporter } from './build-reporter.js';

/** Options of commands that build. */
export interface BuildFlags {
  readonly builder?: BuilderName;
  readonly push?: boolean;
  readonly rebuild?: boolean;
  readonly network?: 'host' | 'none';
  readonly registry?: string;
  readonly platform?: string;
}

/** Adds {@link BuildFlags}. */
export function buildOptions(command: Command): Command {
  return command
    .addOption(new Option('--builder <name>', 'what builds').choices([...BUILDERS]).env(BUILDER_VARIABLE))
    .option('--push', "push it to the image's registry")
    .option('--rebuild', 'build it even where its tag exists')
    .addOption(new Option('--network <mode>', 'the network of the steps').choices(['host', 'none']))
    .option('--registry <host>', 'another registry than the one declared')
    .option('--platform <platform>', 'another platform than the one declared');
}

/** An image as the flags want it. */
export function flagged(image: Image, { registry, platform }: BuildFlags): Image {
  return image.clone({
    ...(registry === undefined ? {} : { registry }),
    ...(platform === undefined ? {} : { platform: imagePlatform(platform) }),
  });
}

/**
 * Builds an image, and shows on standard error how it goes.
 *
 * @param signal ends the build; what was built until then is told by the error
 */
export async function buildShown(image: Image, flags: BuildFlags, signal: AbortSignal): Promise<BuiltImage> {
  const { builder, push, rebuild, network } = flags;
  const options: BuildImageOptions = {
    ...(builder === undefined ? {} : { builder }),
    ...(push === undefined ? {} : { push }),
    ...(rebuild === undefined ? {} : { rebuild }),
    ...(network === undefined ? {} : { network }),
  };
  const reporter = buildReporter(process.stderr);
  try {
    if (signal.aborted) throw new FlyteError('canceled', 'The build was canceled.');
    const built = await buildImage(image, { ...options, signal, onProgress: reporter.show });
    reporter.end(true);
    return built;
  } catch (error) {
    reporter.end(false);
    throw error;
  }
}
