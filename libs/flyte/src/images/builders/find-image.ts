import { answersYes, type ImageBuilder, isLoopback, QUESTION_TIMEOUT, type Surroundings } from './builder.js';

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
  if (isLoopback(fullName) && (await answersHead(fullName))) return true;
  // Buildah would answer for this machine. A push of what the registry has uploads nothing, so there is no need to ask.
  if (here) return false;
  return answersYes(around, builder.findInRegistry(fullName));
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry */
async function answersHead(fullName: string): Promise<boolean> {
  const [, host = '', name = '', tag = ''] = /^([^/]+)\/(.*):([^:]+)$/.exec(fullName) ?? [];
  const kinds = ['vnd.oci.image.manifest.v1', 'vnd.oci.image.index.v1', 'vnd.docker.distribution.manifest.v2'];
  try {
    const response = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept: kinds.map((kind) => `application/${kind}+json`).join(', ') },
      signal: AbortSignal.timeout(QUESTION_TIMEOUT),
    });
    return response.ok;
  } catch {
    return false;
  }
}
