import {
  ask,
  type BuildLine,
  type ImageBuilder,
  isOnThisMachine,
  proxyArguments,
  type Surroundings,
} from './builder.js';

/** The first that mounts secrets from variables. */
const OLDEST = [1, 24] as const;

/**
 * Buildah, which needs no daemon. How it isolates steps and where it keeps images is set by its own variables, such as
 * `BUILDAH_ISOLATION=chroot` and `STORAGE_DRIVER=vfs`.
 *
 * @returns why it can't be used, where it can't
 */
export async function findBuildah(around: Surroundings): Promise<ImageBuilder | string> {
  const answer = await ask(around, { program: 'buildah', args: ['--version'] });
  if (answer.outcome === 'absent') return 'not installed';
  const version = /\d+\.\d+\.\d+\S*/.exec(answer.text)?.[0];
  if (answer.exitCode !== 0 || version === undefined) return `does not run: ${answer.text.trim()}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `version ${version} is too old, ${OLDEST.join('.')} is needed`;
  }
  return buildah(version);
}

function buildah(version: string): ImageBuilder {
  const program = 'buildah';
  return {
    name: 'buildah',
    version,
    build: (job) => ({
      program,
      args: [
        'build',
        '--layers',
        // Else a step that fails leaves its container, and beside it the files of its secrets.
        '--force-rm',
        `--platform=${job.platform}`,
        ...(job.network === undefined ? [] : [`--network=${job.network}`]),
        ...proxyArguments(job.proxies),
        ...[...job.secrets].map(([id, source]) =>
          source.kind === 'variable'
            ? `--secret=id=${id},type=env,src=${source.name}`
            : `--secret=id=${id},src=${source.path}`,
        ),
        `--tag=${job.fullName}`,
        `--file=${job.dockerfile}`,
        job.context,
      ],
    }),
    push: (fullName) => ({
      program,
      args: ['push', ...(isOnThisMachine(fullName) ? ['--tls-verify=false'] : []), fullName],
    }),
    findLocally: (fullName) => ({ program, args: ['inspect', '--type=image', '--format={{.FromImageID}}', fullName] }),
    findInRegistry: (fullName) => ({
      program,
      args: ['manifest', 'inspect', fullName],
      // Buildah 1.28 fails on the manifest that it found, because it is that of a single image.
      yes: /not a (?:manifest )?list/,
    }),
    // What it built has another digest here than there, where layers are compressed. That one `images` goes on to name.
    findDigest: (fullName) => [
      { program, args: ['pull', '--policy=always', fullName] },
      { program, args: ['inspect', '--type=image', '--format={{.FromImageDigest}}', fullName] },
    ],
    parse: parseBuildah,
  };
}

/** A line such as `STEP 4/6: RUN make`, or what the step prints. */
export function parseBuildah(line: string): BuildLine | undefined {
  const step = /^(?:\[\d+\/\d+\] )?STEP (\d+)\/(\d+): (.*)$/.exec(line);
  if (step !== null) {
    return { kind: 'step', number: Number(step[1]), total: Number(step[2]), text: step[3] ?? '' };
  }
  if (line === '' || /^--> |^[0-9a-f]{64}$/.test(line)) return undefined;
  return { kind: 'log', text: line };
}
