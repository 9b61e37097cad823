import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { FlyteError } from '../../errors/flyte-error.js';
import { systemCodeOf } from '../../errors/system-code.js';
import { BUILDERS, type BuilderName } from '../../images/builders/builder.js';

/** What the configuration file of Flyte's own tools says, in our words. What it does not say is undefined. */
export interface ToolsConfig {
  /** Where it was found; undefined where there is none. */
  readonly path?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly insecure?: boolean | undefined;
  /** A file with the authorities that may have signed Flyte's certificate. */
  readonly caFile?: string | undefined;
  readonly org?: string | undefined;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  /** Where images go that declare no registry. */
  readonly registry?: string | undefined;
  readonly builder?: BuilderName | undefined;
  /** A command that prints a token. */
  readonly command?: readonly string[] | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly clientSecretVariable?: string | undefined;
  /** Whether the secret itself is in the file, which is not read. */
  readonly holdsClientSecret?: boolean | undefined;
  /** How Flyte's tools would log in. */
  readonly authType?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

// Each message says what a setting must be; of what it is, nothing is quoted.
const text = z
  .string('text')
  .nullish()
  .transform((value) => value || undefined);
const list = z.array(z.string('text').min(1, 'text'), 'a list').nullish();
const SETTINGS = 'settings by name';
const File = z.looseObject(
  {
    admin: z
      .looseObject(
        {
          endpoint: text,
          insecure: z.boolean('true or false').nullish(),
          caCertFilePath: text,
          authType: text,
          command: list,
          clientId: text,
          clientSecret: z.unknown().optional(),
          clientSecretLocation: text,
          clientSecretEnvVar: text,
          scopes: list,
        },
        SETTINGS,
      )
      .nullish(),
    task: z.looseObject({ org: text, project: text, domain: text }, SETTINGS).nullish(),
    image: z
      .looseObject(
        {
          registry: text,
          // "local" is theirs for a builder on this machine; which one is found out.
          builder: z.enum([...BUILDERS, 'local', 'remote'], `${BUILDERS.join(', ')} or local`).nullish(),
        },
        SETTINGS,
      )
      .nullish(),
  },
  SETTINGS,
);

/**
 * Reads the configuration file of Flyte's Python SDK, from where that looks for it (its `config/_reader.py`, in this
 * order): `./config.yaml`, `./.flyte/config.yaml`, `.flyte/config.yaml` in the root of the Git repository, what
 * `UCTL_CONFIG` or `FLYTECTL_CONFIG` names, `~/.union/config.yaml`, `~/.flyte/config.yaml`.
 *
 * @param given a file to read in place of these
 * @throws FlyteError `invalid_configuration` for a file that can't be read, or holds what is no such configuration
 */
export async function readToolsConfig(given: string | undefined): Promise<ToolsConfig> {
  const path = given ?? configPath();
  if (path === undefined) return {};
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (cause) {
    throw wrong(path, `can't be read (${systemCodeOf(cause) ?? 'unknown'})`);
  }
  const { parse } = await import('yaml');
  let parsed: unknown;
  try {
    // A list of references to itself could be endless.
    parsed = parse(source, { maxAliasCount: 0 });
  } catch {
    // What the parser says quotes lines, and a line may hold a secret.
    throw wrong(path, 'is no YAML');
  }
  const { success, data, error } = File.safeParse(parsed ?? {});
  if (!success) {
    const problems = error.issues.map(({ path: at, message }) => `${at.join('.') || 'all of it'} must be ${message}`);
    throw wrong(path, problems.join('; '));
  }
  const { admin, task, image } = data;
  if (image?.builder === 'remote') {
    throw wrong(
      path,
      'image.builder is "remote", and images are built on this machine here: docker, buildah, or local',
    );
  }
  return defined({
    path,
    ...{ endpoint: admin?.endpoint, insecure: admin?.insecure, caFile: admin?.caCertFilePath },
    ...{ org: task?.org, project: task?.project, domain: task?.domain },
    ...{ registry: image?.registry, builder: image?.builder === 'local' ? undefined : image?.builder },
    ...{ command: admin?.command, clientId: admin?.clientId, scopes: admin?.scopes },
    ...{ clientSecretFile: admin?.clientSecretLocation, clientSecretVariable: admin?.clientSecretEnvVar },
    ...{ holdsClientSecret: Boolean(admin?.clientSecret), authType: admin?.authType },
  });
}

function configPath(): string | undefined {
  const root = gitRoot(process.cwd());
  const places = [
    ...['config.yaml', '.flyte/config.yaml'].map((path) => resolve(path)),
    ...(root === undefined ? [] : [join(root, '.flyte/config.yaml')]),
  ];
  const named = process.env['UCTL_CONFIG'] || process.env['FLYTECTL_CONFIG'];
  const home = ['.union', '.flyte'].map((folder) => join(homedir(), folder, 'config.yaml'));
  return places.find(existsSync) ?? named ?? home.find(existsSync);
}

function gitRoot(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : gitRoot(parent);
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

function defined(config: Nullable<ToolsConfig>): ToolsConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined));
}

function wrong(path: string, problem: string): FlyteError {
  return new FlyteError(
    'invalid_configuration',
    `The file ${path} is taken for the configuration of Flyte's tools, and ${problem}. Correct it, or give --config another file.`,
  );
}
