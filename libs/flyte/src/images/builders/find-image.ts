import { answersYes, ask, type ImageBuilder, isOnThisMachine, QUESTION_TIMEOUT, type Surroundings } from './builder.js';

/** Whether this machine has an image of that name. */
export function isHere(fullName: string, builder: ImageBuilder, around: Surroundings): Promise<boolean> {
  return answersYes(around, builder.findLocally(fullName));
}

/**
 * Whether the registry of an image's name has it. Where the registry does not answer, the answer is no: building or
 * pushing once too often does no harm.
 *
 * @param here whether this machine has it
 */
export async function isInRegistry(
  fullName: string,
  builder: ImageBuilder,
  around: Surroundings,
  here: boolean,
): Promise<boolean> {
  // Builders ask a registry without TLS in ways that differ by version. Such a one on loopback knows no credentials.
  if (isOnThisMachine(fullName) && (await head(fullName))?.ok === true) return true;
  // Buildah would answer for this machine. A push of what the registry has uploads nothing, so there is no need to ask.
  if (here) return false;
  return answersYes(around, builder.findInRegistry(fullName));
}

/** The digest of an image that its registry has, `sha256:…`; undefined where nobody can tell. */
export async function digestInRegistry(
  fullName: string,
  builder: ImageBuilder,
  around: Surroundings,
): Promise<string | undefined> {
  const digest = /sha256:[0-9a-f]{64}/;
  if (isOnThisMachine(fullName))
    return digest.exec((await head(fullName))?.headers.get('docker-content-digest') ?? '')?.[0];
  let said = '';
  for (const command of builder.findDigest(fullName)) {
    // oxlint-disable-next-line no-await-in-loop -- each needs what the one before did
    const { exitCode, text } = await ask(around, command);
    // Of an image that could not be fetched anew, what is on this machine may be another one.
    if (exitCode !== 0) return undefined;
    said = text;
  }
  return digest.exec(said)?.[0];
}

/**
 * What a registry on this machine says of an image; undefined where it does not answer.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry
 */
async function head(fullName: string): Promise<Response | undefined> {
  const [, host = '', name = '', tag = ''] = /^([^/]+)\/(.*):([^:]+)$/.exec(fullName) ?? [];
  const kinds = ['vnd.oci.image.manifest.v1', 'vnd.oci.image.index.v1', 'vnd.docker.distribution.manifest.v2'];
  try {
    return await fetch(`http://${host}/v2/${name}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept: kinds.map((kind) => `application/${kind}+json`).join(', ') },
      signal: AbortSignal.timeout(QUESTION_TIMEOUT),
    });
  } catch {
    return undefined;
  }
}
