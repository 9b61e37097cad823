import * as z from 'zod';
import { ASYMMETRIC_ALGORITHMS, type VerifyOptions } from '../../auth/verify-options.js';
import { excludedPathProblem } from '../../auth/excluded-paths.js';
import { checkHeaderName, forwardProblem } from '../../auth/header-names.js';
import { isSafeUrl } from '../../auth/safe-url.js';
import { originProblem } from '../../auth/same-origin.js';
import { MAX_TIMER_MS } from '../../protocol/limits.js';
import { moduleProblem } from '../../protocol/module-reference.js';
import { TaskEnvironment } from '../../tasks/task-environment.js';
import { versionProblem } from '../../tasks/task-ref.js';
import type { FlyteModuleOptions, OptionWithDefault } from './flyte-options.js';
import { isServiceLogin } from './service-login.js';

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

/** What is to be known of an option, besides its help in {@link FlyteModuleOptions}. */
interface OptionRule<Default> {
  readonly check: z.ZodType;
  /** What it is where nobody gives it; undefined where that means something of its own. */
  readonly byDefault: Default;
  /** Whether a wrong value may be quoted: no credential is ever written there. */
  readonly mayBeQuoted?: true;
}

/** A row for each option: the compiler refuses one that is missing, and one without its default. */
const OPTION_RULES = {
  endpoint: { check: text, byDefault: undefined },
  insecure: { check: z.boolean('give true or false'), byDefault: undefined, mayBeQuoted: true },
  tls: {
    check: z
      .strictObject({ ca: pem.optional(), cert: pem.optional(), key: pem.optional() })
      .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'give "cert" and "key" together'),
    byDefault: undefined,
  },
  org: { check: text, byDefault: undefined },
  project: { check: text, byDefault: undefined },
  domain: { check: text, byDefault: undefined },
  passthrough: { check: z.boolean('give true or false'), byDefault: false, mayBeQuoted: true },
  excludedPaths: {
    check: z.array(excludedPath, 'give a list of paths, such as ["/health"]'),
    byDefault: [],
    mayBeQuoted: true,
  },
  headerExtractors: {
    check: z
      .array(fn, 'give a list of extractors, such as [fromAuthorization()]')
      .min(1, 'give at least one extractor, or leave the option out'),
    byDefault: undefined,
  },
  forwardHeaders: {
    check: z.array(forwardedHeader, 'give a list of names, such as ["traceparent"]'),
    byDefault: [],
    mayBeQuoted: true,
  },
  trustedOrigins: {
    check: z.array(trustedOrigin, 'give a list of origins, such as ["https://app.example.com"]'),
    byDefault: [],
    mayBeQuoted: true,
  },
  verify: { check: Verify, byDefault: undefined },
  credentials: {
    check: z.custom(
      (value) => typeof value === 'function' || isServiceLogin(value),
      'give clientCredentials(…), tokenFile(…), externalCommand(…) or a function',
    ),
    byDefault: undefined,
  },
  timeoutMs: { check: ms, byDefault: 30_000, mayBeQuoted: true },
  streamIdleTimeoutMs: { check: ms, byDefault: 600_000, mayBeQuoted: true },
  retries: {
    check: z.int('give a whole number').min(0, 'give 0 or more').max(10, 'give at most 10'),
    byDefault: 2,
    mayBeQuoted: true,
  },
  tasks: { check: Tasks, byDefault: undefined },
  defaultEnvironment: {
    check: z.custom((value) => TaskEnvironment.is(value), 'give a TaskEnvironment'),
    byDefault: undefined,
  },
  protocol: { check: z.enum(['connect', 'grpc'], 'give "connect" or "grpc"'), byDefault: 'connect', mayBeQuoted: true },
} satisfies {
  readonly [K in keyof Required<FlyteModuleOptions>]: OptionRule<
    K extends OptionWithDefault ? NonNullable<FlyteModuleOptions[K]> : undefined
  >;
};

const rows: [string, OptionRule<unknown>][] = Object.entries(OPTION_RULES);

/** All options together. */
export const OptionsForm = z.strictObject(
  Object.fromEntries(rows.map(([name, { check }]) => [name, check.optional()])),
);

/** The options that have a value where nobody gives one. */
export function defaultOptions(): Required<Pick<FlyteModuleOptions, OptionWithDefault>> {
  const given = rows.flatMap(([name, { byDefault }]) => (byDefault === undefined ? [] : [[name, byDefault] as const]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type says the same of the same rows
  return Object.fromEntries(given) as ReturnType<typeof defaultOptions>;
}

/** Whether a message may quote the value of an option, or of a part of it. */
export function mayBeQuoted(name: string): boolean {
  return rows.some(([known, rule]) => known === name && rule.mayBeQuoted === true);
}
