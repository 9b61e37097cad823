const PREFIX = String.raw`(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?`;
const KEY = new RegExp(String.raw`^${PREFIX}[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$`);
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Of all annotations of an object together, keys and values. */
const MAX_ANNOTATIONS_BYTES = 262_144;

/**
 * What is wrong with labels, each to put behind the name of the option; values are not quoted.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function labelProblems(labels: unknown): string[] {
  return textsProblems(labels, 'a label', (value) =>
    LABEL_VALUE.test(value) ? undefined : 'whose value is none of at most 63 letters, digits, "-", "_" and "."',
  );
}

/** The same for annotations, whose values are any text, 256 KiB in all. */
export function annotationProblems(annotations: unknown): string[] {
  const problems = textsProblems(annotations, 'an annotation', () => undefined);
  if (problems.length > 0 || annotations === undefined) return problems;
  const size = Buffer.byteLength(JSON.stringify(annotations));
  return size > MAX_ANNOTATIONS_BYTES
    ? [`has ${size} bytes, more than Kubernetes takes: ${MAX_ANNOTATIONS_BYTES}`]
    : [];
}

function textsProblems(texts: unknown, kind: string, valueProblem: (value: string) => string | undefined): string[] {
  if (texts === undefined) return [];
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts)) return ['takes an object of texts'];
  return Object.entries(texts).flatMap(([name, value]: [string, unknown]) => {
    const shown = JSON.stringify(name.slice(0, 80));
    if (!KEY.test(name)) return [`has ${shown}, which is no key of ${kind}`];
    const problem = typeof value === 'string' ? valueProblem(value) : `whose value is no text but a ${typeof value}`;
    return problem === undefined ? [] : [`has ${shown}, ${problem}`];
  });
}

/** What is wrong with the name of an object, such as a service account, to put behind the option's; undefined if nothing. */
export function objectNameProblem(name: unknown): string | undefined {
  const isName = typeof name === 'string' && name.length <= 253 && SUBDOMAIN.test(name);
  return isName ? undefined : 'takes a name of Kubernetes: lower-case letters, digits, "-" and "."';
}

/** The same for a container's. */
export function containerNameProblem(name: unknown): string | undefined {
  const isName = typeof name === 'string' && DNS_LABEL.test(name);
  return isName ? undefined : 'takes at most 63 lower-case letters, digits and "-"';
}
