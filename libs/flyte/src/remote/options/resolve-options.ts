import * as z from 'zod';
import { ASYMMETRIC_ALGORITHMS, type VerifyOptions } from '../../auth/verify-options.js';
import { excludedPathProblem } from '../../auth/excluded-paths.js';
import { checkHeaderName, forwardProblem } from '../../auth/header-names.js';
import { isSafeUrl } from '../../auth/safe-url.js';
import { originProblem } from '../../auth/same-origin.js';
import { FlyteError } from '../../errors/flyte-error.js';
import { MAX_TIMER_MS } from '../../protocol/limits.js';
import { moduleProblem } from '../../protocol/module-reference.js';
import { TaskEnvironment } from '../../tasks/task-environment.js';
import { versionProblem } from '../../tasks/task-ref.js';
import { isServiceLogin } from './service-login.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import type { FlyteModuleOptions, ServiceCredentials } from './flyte-options.js';
import type { FlyteSettings } from './flyte.config.js';
import { requireOptions } from './options-form.js';

/** Options with every source consulted, every default filled in and every value checked. */
export interface ResolvedOptions extends Omit<FlyteModuleOptions, 'endpoint' | 'insecure'> {
  readonly endpoint: Endpoint;
  readonly passthrough: boolean;
  readonly excludedPaths: readonly string[];
  readonly forwardHeaders: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly timeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly retries: number;
  readonly protocol: 'connect' | 'grpc';
}

const DEFAULTS = {
  passthrough: false,
  excludedPaths: [],
  forwardHeaders: [],
  trustedOrigins: [],
  timeoutMs: 30_000,
  streamIdleTimeoutMs: 600_000,
  retries: 2,
  protocol: 'connect',
} as const;

const ms = z
  .int('give milliseconds as a whole number')
  .min(1, 'give at least 1 millisecond')
  .max(MAX_TIMER_MS, 'too long');
const text = z.string('give a text').min(1, 'give a text that is not empty');
const pem = z.union([text, z.instanceof(Uint8Array)], 'give PEM text or bytes');
const fn = z.custom<never>((value) => typeof value === 'function', 'give a function');
const header = text.refine((name) => {
  try {
    return checkHeaderName(name) === name;
  } catch {
    return false;
  }
}, 'give lower-case names of headers that may carry credentials');

/** A text that a function finds a problem with, or none. */
const checked = (says: string, problemOf: (value: string) => string | undefined) =>
  text.check(({ value, issues }) => {
    const problem = problemOf(value);
    if (problem !== undefined) issues.push({ code: 'custom', message: `${says} ${problem}`, input: value });
  });
const forwardedHeader = checked("can't be forwarded:", forwardProblem);
const trustedOrigin = checked('an origin', originProblem);
const excludedPath = checked('a path that', excludedPathProblem);

const keyUrl = text.refine(isSafeUrl, 'give an https:// URL');

const Verify = z
  .strictObject({
    issuer: keyUrl.optional(),
    jwksUri: keyUrl.optional(),
    audience: z.union([text, z.array(text).min(1)], 'give the audience that tokens must name'),
    clockToleranceSeconds: z.number().min(0).max(300, 'give at most 300 seconds').optional(),
    cacheSeconds: z.number().min(0, 'give 0 or more').max(3600, 'give at most 3600 seconds').optional(),
    algorithms: z
      .array(z.enum(ASYMMETRIC_ALGORITHMS, `give asymmetric ones: ${ASYMMETRIC_ALGORITHMS.join(', ')}`))
      .min(1)
      .optional(),
    alsoForward: z.array(header).optional(),
  })
  .refine(({ issuer, jwksUri }) => issuer ?? jwksUri, 'give an issuer or a jwksUri') satisfies z.ZodType<VerifyOptions>;

const NO_MODULE = moduleProblem(undefined);
const Tasks = z
  .strictObject({
    module: z
      .string(NO_MODULE)
      .refine((module) => moduleProblem(module) === undefined, NO_MODULE)
      .optional(),
    version: text
      .refine(
        (version) => versionProblem(version) === undefined,
        'give at most 63 characters without blanks and braces',
      )
      .refine(
        (version) => version !== 'latest' && version !== 'current',
        '"latest" and "current" name no one version: give the one that was deployed. To run what was deployed last, leave ' +
          'the option "tasks" out',
      )
      .optional(),
    image: z
      .union(
        [text, z.custom<{ fullName: string }>((value) => typeof value === 'object' && value !== null)],
        'give an image',
      )
      .optional(),
  })
  .refine(
    ({ module, version }) => module !== undefined || version !== undefined,
    'give "version", the one that was deployed, or "module", to run the tasks as this app declares them',
  );

const Options = z.strictObject({
  endpoint: text.optional(),
  insecure: z.boolean('give true or false').optional(),
  tls: z
    .strictObject({ ca: pem.optional(), cert: pem.optional(), key: pem.optional() })
    .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'give "cert" and "key" together')
    .optional(),
  org: text.optional(),
  project: text.optional(),
  domain: text.optional(),
  passthrough: z.boolean('give true or false').optional(),
  excludedPaths: z.array(excludedPath, 'give a list of paths, such as ["/health"]').optional(),
  headerExtractors: z
    .array(fn, 'give a list of extractors, such as [fromAuthorization()]')
    .min(1, 'give at least one extractor, or leave the option out')
    .optional(),
  forwardHeaders: z.array(forwardedHeader, 'give a list of names, such as ["traceparent"]').optional(),
  trustedOrigins: z.array(trustedOrigin, 'give a list of origins, such as ["https://app.example.com"]').optional(),
  verify: Verify.optional(),
  credentials: z
    .custom<ServiceCredentials>(
      (value) => typeof value === 'function' || isServiceLogin(value),
      'give clientCredentials(…), tokenFile(…), externalCommand(…) or a function',
    )
    .optional(),
  timeoutMs: ms.optional(),
  streamIdleTimeoutMs: ms.optional(),
  retries: z.int('give a whole number').min(0, 'give 0 or more').max(10, 'give at most 10').optional(),
  tasks: Tasks.optional(),
  defaultEnvironment: z
    .custom<TaskEnvironment>((value) => TaskEnvironment.is(value), 'give a TaskEnvironment')
    .optional(),
  protocol: z.enum(['connect', 'grpc'], 'give "connect" or "grpc"').optional(),
});

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
  const { success, error } = Options.safeParse(options);
  const issues = success ? [] : error.issues;
  const problems = issues.map((issue) => problemOf(issue, options));
  // Of values that are none, nothing more can be said.
  const readable = !issues.some(({ path: [name] }) => name === 'endpoint' || name === 'insecure');
  const found = readable ? connection(options, config, inCluster, problems) : undefined;
  if (!found || problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    ...DEFAULTS,
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
  const harmless = [
    'protocol',
    'retries',
    'timeoutMs',
    'streamIdleTimeoutMs',
    'excludedPaths',
    'forwardHeaders',
    'trustedOrigins',
    'passthrough',
    'insecure',
  ];
  // A URL may hold a password.
  if (typeof value === 'string' && harmless.includes(path[0] ?? '') && !value.includes('@'))
    return JSON.stringify(value);
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
