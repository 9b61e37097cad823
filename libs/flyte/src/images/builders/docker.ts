import { ask, type BuildLine, type ImageBuilder, proxyArguments, type Surroundings } from './builder.js';

/** From this one on the command line holds no BuildKit of its own and needs the buildx plugin. */
const FIRST_WITHOUT_BUILDKIT = 23;

/**
 * Docker with BuildKit: by the buildx plugin, or by the command line itself where it is older than 23.
 *
 * @returns why it can't be used, where it can't
 */
export async function findDocker(around: Surroundings): Promise<ImageBuilder | string> {
  const versions = { program: 'docker', args: ['version', '--format', '{{.Client.Version}} {{.Server.Version}}'] };
  const answer = await ask(around, versions);
  if (answer.outcome === 'absent') return 'not installed';
  const [client = '', server = ''] = answer.text.trim().split(/\s+/);
  if (answer.exitCode !== 0) return `its daemon does not answer: ${lastLine(answer.text)}`;
  const { exitCode } = await ask(around, { program: 'docker', args: ['buildx', 'version'] });
  if (exitCode === 0) return docker(`${client}, daemon ${server}`, ['buildx', 'build', '--load']);
  if (Number.parseInt(client, 10) >= FIRST_WITHOUT_BUILDKIT) {
    return `version ${client} has no buildx plugin, which holds BuildKit: install docker-buildx-plugin or docker-buildx`;
  }
  return docker(`${client}, daemon ${server}`, ['build']);
}

function docker(version: string, build: readonly string[]): ImageBuilder {
  const program = 'docker';
  return {
    name: 'docker',
    version,
    build: (job) => ({
      program,
      env: { DOCKER_BUILDKIT: '1' },
      args: [
        ...build,
        '--progress=plain',
        `--platform=${job.platform}`,
        ...(job.network === undefined ? [] : [`--network=${job.network}`]),
        ...proxyArguments(job.proxies),
        ...[...job.secrets].map(([id, source]) =>
          source.kind === 'variable' ? `--secret=id=${id},env=${source.name}` : `--secret=id=${id},src=${source.path}`,
        ),
        `--tag=${job.fullName}`,
        `--file=${job.dockerfile}`,
        job.context,
      ],
    }),
    push: (fullName) => ({ program, args: ['push', fullName] }),
    findLocally: (fullName) => ({ program, args: ['image', 'inspect', '--format={{.Id}}', fullName] }),
    findInRegistry: (fullName) => ({ program, args: ['manifest', 'inspect', fullName] }),
    findDigest: (fullName) => [
      { program, args: ['buildx', 'imagetools', 'inspect', '--format={{.Manifest.Digest}}', fullName] },
    ],
    parse: parseBuildKit,
  };
}

/** A line of `--progress=plain`, such as `#9 [stage-0 4/6] RUN make` and `#9 0.142 cc main.c`. */
export function parseBuildKit(line: string): BuildLine | undefined {
  const step = /^#\d+ \[(?:[^\]]* )?(\d+)\/(\d+)\] (.*)$/.exec(line);
  if (step !== null) {
    return { kind: 'step', number: Number(step[1]), total: Number(step[2]), text: step[3] ?? '' };
  }
  const log = /^#\d+ \d+\.\d+ ?(.*)$/.exec(line);
  if (log !== null) return { kind: 'log', text: log[1] ?? '' };
  if (
    line === '' ||
    /^#\d+ (?:\[|sha256:|DONE|CACHED|transferring|exporting|writing|naming|resolve|extracting|\.\.\.)/.test(line)
  ) {
    return undefined;
  }
  return { kind: 'log', text: line };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
