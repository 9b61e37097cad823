import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { buildImage } from '../images/build-image.js';
import { BUILDERS, type BuilderName } from '../images/builders/builder.js';
import { BUILDER_VARIABLE } from '../images/builders/find-builder.js';
import { imagePlatform } from '../images/image-names.js';
import { buildReporter } from './build-reporter.js';
import { loadImage } from './load-image.js';

interface Flags {
  readonly builder?: BuilderName;
  readonly push?: boolean;
  readonly rebuild?: boolean;
  readonly network?: 'host' | 'none';
  readonly registry?: string;
  readonly imageName?: string;
  readonly platform?: string;
}

/** `nestjs-flyte image build <module>#<export>` */
export function imageBuildCommand(): Command {
  return new Command('build')
    .description('Build an image, unless its tag exists, and print its full name')
    .argument('<module>#<export>', 'a compiled module and the image it exports, such as ./dist/images.js#image')
    .addOption(new Option('--builder <name>', 'what builds').choices([...BUILDERS]).env(BUILDER_VARIABLE))
    .option('--push', "push it to the image's registry")
    .option('--rebuild', 'build it even where its tag exists')
    .addOption(new Option('--network <mode>', 'the network of the steps').choices(['host', 'none']))
    .option('--registry <host>', 'another registry than the one declared')
    .option('--image-name <name>', 'another name than the one declared')
    .option('--platform <platform>', 'another platform than the one declared')
    .action(async (reference: string, flags: Flags) => {
      const { registry, imageName: name, platform, ...options } = flags;
      const declared = await loadImage(reference);
      const image = declared.clone({
        ...(registry === undefined ? {} : { registry }),
        ...(name === undefined ? {} : { name }),
        ...(platform === undefined ? {} : { platform: imagePlatform(platform) }),
      });
      const canceled = new AbortController();
      // Each time, not once: a second Ctrl-C must not end this process before the builder, which then nobody would end.
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          process.exitCode = 128 + constants.signals[signal];
          canceled.abort();
        });
      }
      const reporter = buildReporter(process.stderr);
      try {
        const { fullName } = await buildImage(image, {
          ...options,
          signal: canceled.signal,
          onProgress: reporter.show,
        });
        reporter.end(true);
        // The one line on standard output, for scripts.
        process.stdout.write(`${fullName}\n`);
      } catch (error) {
        reporter.end(false);
        if (!canceled.signal.aborted || !FlyteError.is(error)) throw error;
        // The exit code tells of the signal already.
        process.stderr.write(`${error.code}: ${error.message}\n`);
      }
    });
}
