import * as z from 'zod';
import { ASYMMETRIC_ALGORITHMS, type VerifyOptions } from '../auth/bearer-verifier.js';
import { compileExcludedPaths } from '../auth/excluded-paths.js';
import { checkHeaderName, forwardProblem } from '../auth/header-names.js';
import { isSafeKeyUrl } from '../auth/issuer-keys.js';
import { originProblem } from '../auth/same-origin.js';
import { FlyteError } from '../errors/flyte-error.js';
import { moduleProblem } from '../tasks/action-arguments.js';
import { TaskEnvironment } from '../tasks/task-environment.js';
import { versionProblem } from '../tasks/task-ref.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import type { FlyteModuleOptions, FlyteTlsOptions } from './flyte-options.js';
import type { FlyteSettings } from './flyte.config.js';

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

// The longest that Node's timers can wait; a longer one would fire at once.
const MAX_MS = 2 ** 31 - 1;
const ms = z.int('give milliseconds as a whole number').min(1, 'give at least 1 millisecond').max(MAX_MS, 'too long');
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

const keyUrl = text.refine(isSafeKeyUrl, 'give an https:// URL');

const Verify = z
  .strictObject({
    issuer: keyUrl.optional(),
    jwksUri: keyUrl.optional(),
    audience: z.union([text, z.array(text).min(1)], 'give the audience that tokens must name'),
    clockToleranceSeconds: z.number().min(0).max(300, 'give at most 300 seconds').optional(),
    algorithms: z
      .array(z.enum(ASYMMETRIC_ALGORITHMS, `give asymmetric ones: ${ASYMMETRIC_ALGORITHMS.join(', ')}`))
      .min(1)
      .optional(),
    alsoForward: z.array(header).optional(),
  })
  .refine(({ issuer, jwksUri }) => issuer ?? jwksUri, 'give an issuer or a jwksUri') satisfies z.ZodType<VerifyOptions>;

const NO_MODULE = moduleProblem(undefined);
const Tasks = z.strictObject({
  module: z.string(NO_MODULE).refine((module) => moduleProblem(module) === undefined, NO_MODULE),
  version: text
    .refine((version) => versionProblem(version) === undefined, 'give at most 63 characters without blanks and braces')
    .refine((version) => version !== 'latest' && version !== 'current', 'give a name that has no meaning of its own')
    .optional(),
  image: z
    .union(
      [text, z.custom<{ fullName: string }>((value) => typeof value === 'object' && value !== null)],
      'give an image',
    )
    .optional(),
});

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
  excludedPaths: z.array(z.string('give paths'), 'give a list of paths, such as ["/health"]').optional(),
  headerExtractors: z
    .array(fn, 'give a list of extractors, such as [fromAuthorization()]')
    .min(1, 'give at least one extractor, or leave the option out')
    .optional(),
  forwardHeaders: z.array(forwardedHeader, 'give a list of names, such as ["traceparent"]').optional(),
  trustedOrigins: z.array(trustedOrigin, 'give a list of origins, such as ["https://app.example.com"]').optional(),
  verify: Verify.optional(),
  credentials: fn.optional(),
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
 * @throws FlyteError `invalid_configuration` that names the option, what is wrong with its value, and the fix
 */
export function resolveOptions(
  options: FlyteModuleOptions,
  config: FlyteSettings,
  inCluster: FlyteSettings,
): ResolvedOptions {
  check(options);
  compileExcludedPaths(options.excludedPaths ?? []);
  const { endpoint, insecure, tls } = connection(options, config, inCluster);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved = {
    ...DEFAULTS,
    ...(given as FlyteModuleOptions),
    org: options.org ?? config.org ?? inCluster.org,
    project: options.project ?? config.project ?? inCluster.project,
    domain: options.domain ?? config.domain ?? inCluster.domain,
    endpoint: parseEndpoint(endpoint, insecure),
    tls,
  };
  if (resolved.endpoint.plaintext && tls) {
    throw new FlyteError(
      'invalid_configuration',
      'Option "tls": the endpoint is plaintext. Use "https://", or remove "tls".',
    );
  }
  return resolved;
}

function check(options: FlyteModuleOptions): void {
  const result = Options.safeParse(options);
  if (result.success) return;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `Option ${issue.keys.map((key) => `"${[...issue.path, key].join('.')}"`).join(', ')}: unknown; remove it or correct its name.`;
    }
    const path = issue.path.map(String);
    return `Option "${path.join('.') || 'options'}": ${issue.message}, got ${shown(options, path)}.`;
  });
  throw new FlyteError('invalid_configuration', problems.join('\n'));
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

interface Connection {
  readonly endpoint: string;
  readonly insecure?: boolean;
  readonly tls?: FlyteTlsOptions;
}

/** The first source that has an endpoint gives the whole connection: a mixture would be nobody's intention. */
function connection(options: FlyteModuleOptions, config: FlyteSettings, inCluster: FlyteSettings): Connection {
  const together = (what: string, where: string): FlyteError =>
    new FlyteError(
      'invalid_configuration',
      `${what} was given without ${where}; they come from one place. Give both, or neither.`,
    );
  if (options.endpoint !== undefined) return { ...options, endpoint: options.endpoint };
  if (options.insecure !== undefined) throw together('Option "insecure"', 'option "endpoint"');
  if (options.tls !== undefined) throw together('Option "tls"', 'option "endpoint"');
  if (config.endpoint !== undefined) return { endpoint: config.endpoint, insecure: config.insecure };
  if (config.insecure !== undefined) throw together('FLYTE_INSECURE', 'FLYTE_ENDPOINT');
  if (inCluster.endpoint !== undefined) return { endpoint: inCluster.endpoint, insecure: inCluster.insecure };
  throw new FlyteError(
    'invalid_configuration',
    'Option "endpoint": missing. Give it to FlyteModule.forRoot, or set FLYTE_ENDPOINT, such as "dns:///flyte.example.com".',
  );
}
