import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { openCredentials } from '../remote/credentials/open-credentials.js';
import { createFlyteClient, createRunCreation, type FlyteClient } from '../remote/services/flyte-client.js';
import type { FlyteModuleOptions } from '../remote/options/flyte-options.js';
import { flyteConfig, inClusterSettings, type FlyteSettings } from '../remote/options/flyte.config.js';
import { localPlaneQuestion } from '../remote/connection/local-plane.js';
import { resolveOptions, type ResolvedOptions } from '../remote/options/resolve-options.js';
import type { RunCreation } from '../remote/runs/run-creation.js';
import { createTaskImages, type TaskImages } from '../remote/tasks/task-images.js';
import { createConnection } from '../remote/connection/connection.js';
import type { ImageLike } from '../tasks/task-environment.js';
import { createTaskRegistry } from '../tasks/task-registry.js';
import { type ToolsConfig, readToolsConfig } from '../remote/credentials/tools-config.js';
import { cliCredentials } from './cli-credentials.js';
import { interruption } from './interruption.js';
import { note } from './output.js';
import { inOwnWords } from './own-words.js';

/** Options of every command that asks Flyte. */
export interface ConnectionFlags {
  readonly config?: string;
  readonly org?: string;
  readonly project?: string;
  readonly domain?: string;
  readonly json?: boolean;
}

/** Flyte, for one command. */
export interface Connection {
  readonly client: FlyteClient;
  /** What runs are made with of tasks that only Flyte knows. */
  readonly creation: RunCreation;
  readonly options: ResolvedOptions;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The images of an app's tasks. */
  readonly images: (fallback: ImageLike | undefined) => TaskImages;
}

/** Adds {@link ConnectionFlags}. */
export function connectionOptions(command: Command): Command {
  return command
    .option('--config <file>', "the configuration of Flyte's tools, in place of the one that is found")
    .option('--org <org>', 'the organisation, in place of the configured one')
    .option('-p, --project <project>', 'the project, in place of the configured one')
    .option('-d, --domain <domain>', 'the domain, in place of the configured one')
    .option('--json', 'answer in JSON');
}

/** Does something with Flyte, as the environment's variables, or else the configuration file, say. */
export async function withFlyte(flags: ConnectionFlags, act: (connection: Connection) => Promise<void>): Promise<void> {
  const config = await readToolsConfig(flags.config);
  const options = settingsOf(flags, config, flyteConfig());
  const connection = createConnection(options);
  const isLocalPlane = localPlaneQuestion(connection, options.endpoint);
  const images = (fallback: ImageLike | undefined): TaskImages =>
    createTaskImages(fallback, process.cwd(), isLocalPlane);
  const parts = {
    ...options,
    connection,
    callers: {
      owner: Symbol('nestjs-flyte'),
      passthrough: false,
      serviceCredentials: openCredentials(options, connection),
    },
    limits: options,
    tasks: { version: '', images: images(undefined), registry: createTaskRegistry(() => ({ classes: [] })) },
  };
  const [client, creation] = [createFlyteClient(parts), createRunCreation(parts)];
  const signal = interruption('ends');
  try {
    await act({ client, creation, options, signal, images });
  } catch (error) {
    // Who interrupts need not be told that a call was given up.
    if (!signal.aborted || !FlyteError.is(error)) throw inOwnWords(error);
  } finally {
    connection.close();
  }
}

/** Flags win over variables, and these over the file; where Flyte is and who asks, the file says together. */
function settingsOf(
  { org, project, domain }: ConnectionFlags,
  config: ToolsConfig,
  env: FlyteSettings,
): ResolvedOptions {
  const { path, endpoint, insecure, caFile } = config;
  const cluster = inClusterSettings();
  if ((env.endpoint ?? endpoint ?? cluster.endpoint) === undefined) {
    throw new FlyteError(
      'invalid_configuration',
      `Where is Flyte? Set FLYTE_ENDPOINT, such as "dns:///flyte.example.com", or give ${path ?? 'a .flyte/config.yaml'} the line "endpoint" under "admin".`,
    );
  }
  const isOfFile = env.endpoint === undefined && endpoint !== undefined;
  const fromFile: FlyteModuleOptions = isOfFile
    ? {
        endpoint,
        ...(insecure !== undefined && { insecure }),
        ...(caFile !== undefined && { tls: { ca: certificate(caFile) } }),
      }
    : {};
  // The file's login is for the file's Flyte: another one could use its token there.
  const credentials = cliCredentials(isOfFile ? config : {});
  if (credentials === undefined && !isOfFile && (config.command ?? config.clientId) !== undefined) {
    const teller = env.endpoint === undefined ? 'the cluster' : 'FLYTE_ENDPOINT';
    note(
      `The login in ${path ?? ''} is not used: it is for the Flyte of that file, and ${teller} says where to ask. ` +
        'Log in by FLYTE_TOKEN_FILE, FLYTE_TOKEN or FLYTE_CLIENT_ID, or let the file say where Flyte is.',
    );
  }
  const given = { ...fromFile, ...(credentials && { credentials }), ...named({ org, project, domain }) };
  const fallback = { ...cluster, ...named({ org: config.org, project: config.project, domain: config.domain }) };
  try {
    return resolveOptions(given, env, fallback);
  } catch (error) {
    throw inOwnWords(error);
  }
}

function named(
  scope: Pick<FlyteSettings, 'org' | 'project' | 'domain'>,
): Pick<FlyteSettings, 'org' | 'project' | 'domain'> {
  return Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== undefined && value !== ''));
}

function certificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new FlyteError('invalid_configuration', `The configured caCertFilePath ${path} can't be read.`);
  }
}
