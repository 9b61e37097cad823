import { FlyteError } from '../../errors/flyte-error.js';
import { quoted } from '../../protocol/path-hazard.js';
import { type BuilderName, BUILDERS, type ImageBuilder, type Surroundings } from './builder.js';
import { findBuildah } from './buildah.js';
import { findDocker } from './docker.js';

/** The variable that names the builder where no option does. */
export const BUILDER_VARIABLE = 'FLYTE_IMAGE_BUILDER';

const FINDERS = { docker: findDocker, buildah: findBuildah } satisfies Record<
  BuilderName,
  (around: Surroundings) => Promise<ImageBuilder | string>
>;

/**
 * The builder to use: the one asked for, by option or by `FLYTE_IMAGE_BUILDER`, else the first that works here.
 *
 * @throws FlyteError `invalid_configuration` for a name it does not know; `failed_precondition` where there is none,
 *   saying why each can't be used and what to install
 */
export async function findBuilder(asked: BuilderName | undefined, around: Surroundings): Promise<ImageBuilder> {
  const name = asked ?? (around.env[BUILDER_VARIABLE] || undefined);
  const known = BUILDERS.find((each) => each === name);
  if (name !== undefined && known === undefined) {
    const where = asked === undefined ? BUILDER_VARIABLE : 'Option builder';
    throw new FlyteError('invalid_configuration', `${where} is ${quoted(name)}. It takes ${BUILDERS.join(' or ')}.`);
  }
  const reasons: string[] = [];
  for (const candidate of known === undefined ? BUILDERS : [known]) {
    const found = await FINDERS[candidate](around);
    if (typeof found !== 'string') return found;
    reasons.push(`- ${candidate}: ${found}`);
  }
  throw new FlyteError(
    'failed_precondition',
    `No image can be built on this machine:\n${reasons.join('\n')}\n` +
      'Install Docker with its buildx plugin (https://docs.docker.com/engine/install/) and start it, or install buildah, ' +
      'which needs no daemon: apt-get install buildah, or dnf install buildah.',
  );
}
