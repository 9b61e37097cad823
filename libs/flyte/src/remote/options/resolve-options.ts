import type * as z from 'zod';
import { FlyteError } from '../../errors/flyte-error.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import type { FlyteModuleOptions, OptionWithDefault } from './flyte-options.js';
import type { FlyteSettings } from './flyte.config.js';
import { defaultOptions, mayBeQuoted, OptionsForm } from './option-rules.js';
import { requireOptions } from './options-form.js';

/** Options with every source consulted, every default filled in and every value checked. */
export interface ResolvedOptions
  extends
    Omit<FlyteModuleOptions, 'endpoint' | 'insecure' | OptionWithDefault>,
    Required<Pick<FlyteModuleOptions, OptionWithDefault>> {
  readonly endpoint: Endpoint;
}

/**
 * Checks options and fills in what they leave out: from the configuration, from the in-cluster variables, from defaults.
 *
 * @throws FlyteError `invalid_configuration` with everything that is wrong, a line each: the option, its value, the fix
 */
export function resolveOptions(
  options: FlyteModuleOptions,
  config: FlyteSettings,
  inCluster: FlyteSettings,
): ResolvedOptions {
  requireOptions(options, 'What gives FlyteModule its options');
  const { success, error } = OptionsForm.safeParse(options);
  const issues = success ? [] : error.issues;
  const problems = issues.map((issue) => problemOf(issue, options));
  // Of values that are none, nothing more can be said.
  const readable = !issues.some(({ path: [name] }) => name === 'endpoint' || name === 'insecure');
  const found = readable ? connection(options, config, inCluster, problems) : undefined;
  if (!found || problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    ...defaultOptions(),
    ...(given as FlyteModuleOptions),
    org: options.org ?? config.org ?? inCluster.org,
    project: options.project ?? config.project ?? inCluster.project,
    domain: options.domain ?? config.domain ?? inCluster.domain,
    endpoint: found,
    tls: options.tls,
  };
}

function problemOf(issue: z.core.$ZodIssue, options: FlyteModuleOptions): string {
  if (issue.code === 'unrecognized_keys') {
    return `Option ${issue.keys.map((key) => `"${[...issue.path, key].join('.')}"`).join(', ')}: unknown; remove it or correct its name.`;
  }
  const path = issue.path.map(String);
  return `Option "${path.join('.')}": ${issue.message}, got ${shown(options, path)}.`;
}

/** A wrong value for a message: in full where it is short and can't be a credential, else its kind. */
function shown(options: object, path: readonly string[]): string {
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], options);
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  // A URL may hold a password.
  if (typeof value === 'string' && mayBeQuoted(path[0] ?? '') && !value.includes('@')) return JSON.stringify(value);
  return value === ''
    ? 'an empty text'
    : Array.isArray(value)
      ? `a list of ${value.length}`
      : `a value of type ${typeof value}`;
}

/**
 * The first source that has an endpoint gives the whole connection: a mixture would be nobody's intention.
 *
 * @param problems gets what is wrong
 * @returns undefined where there is none
 */
function connection(
  options: FlyteModuleOptions,
  config: FlyteSettings,
  inCluster: FlyteSettings,
  problems: string[],
): Endpoint | undefined {
  const alone = (what: string, where: string): number =>
    problems.push(`${what} was given without ${where}; they come from one place. Give both, or neither.`);
  if (options.endpoint === undefined) {
    if (options.insecure !== undefined) alone('Option "insecure"', 'option "endpoint"');
    if (options.tls !== undefined) alone('Option "tls"', 'option "endpoint"');
    if (config.endpoint === undefined && config.insecure !== undefined) alone('FLYTE_INSECURE', 'FLYTE_ENDPOINT');
  }
  const { endpoint, insecure } = [options, config, inCluster].find((source) => source.endpoint !== undefined) ?? {};
  if (endpoint === undefined) {
    problems.push(
      'Option "endpoint": missing. Give it to FlyteModule.forRoot, or set FLYTE_ENDPOINT, such as "dns:///flyte.example.com".',
    );
    return undefined;
  }
  try {
    const parsed = parseEndpoint(endpoint, insecure);
    if (parsed.plaintext && options.tls) {
      problems.push('Option "tls": the endpoint is plaintext. Use "https://", or remove "tls".');
    }
    return parsed;
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
