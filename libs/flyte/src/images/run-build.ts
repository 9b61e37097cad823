import { Redactor } from '../protocol/redactor.js';
import { writeContext } from './build-context.js';
import type { BuildImageOptions, BuiltImage } from './build-image-options.js';
import { findBuilder } from './builders/find-builder.js';
import { digestInRegistry, isHere, isInRegistry } from './builders/find-image.js';
import { runBuilder } from './builders/run-builder.js';
import { type RunProcess, runProcess } from './builders/run-process.js';
import type { Image } from './image.js';
import { findSecretSources } from './secret-source.js';

const HALF_AN_HOUR = 30 * 60_000;

/** What `buildImage` does for an image that has something to build. */
export async function runBuild(
  image: Image,
  options: BuildImageOptions,
  run: RunProcess = runProcess,
): Promise<BuiltImage> {
  const { push = false, env = process.env, signal, onProgress: tell = () => undefined } = options;
  const { fullName } = image;
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
