import { readFileSync } from 'node:fs';
import type { CallLogEntry } from '../calls/log-calls.js';
import type { TlsOptions } from '../http/listener.js';
import { resolvePlaneOptions, type LocalControlPlaneOptions } from '../plane/plane-options.js';
import { startLocalControlPlane } from '../plane/start-local-control-plane.js';
import { codeOf } from '../state/atomic-file.js';
import { MEMORY_STATE } from '../state/state-folder.js';
import { UsageError } from './usage-error.js';
import { userName } from './user-name.js';

/** The flags of the command, as commander gives them. */
export interface PlaneFlags {
  /** `--port` */
  readonly port?: number;
  /** `--host` */
  readonly host?: string;
  /** `--state` */
  readonly state?: string;
  /** `--auth` */
  readonly auth?: 'required' | 'optional';
  /** `--audience` */
  readonly audience?: string;
  /** `--allow-remote` */
  readonly allowRemote?: boolean;
  /** `--allowed-host`, as often as it was given */
  readonly allowedHost?: string[];
  /** `--tls-cert` */
  readonly tlsCert?: string;
  /** `--tls-key` */
  readonly tlsKey?: string;
  /** `--tls-ca` */
  readonly tlsCa?: string;
  /** `--max-concurrent-streams` */
  readonly maxConcurrentStreams?: number;
  /** `--max-concurrent-actions` */
  readonly maxConcurrentActions?: number;
  /** `--abort-grace`, in seconds */
  readonly abortGrace?: number;
  /** `--working-directory` */
  readonly workingDirectory?: string;
  /** `--verbose` */
  readonly verbose?: boolean;
}

/**
 * Runs a plane until SIGINT or SIGTERM.
 *
 * @throws UsageError if the flags are wrong; FlyteError if the plane can't start
 */
export async function runPlane(flags: PlaneFlags): Promise<void> {
  const options = toOptions(flags);
  // Before the plane starts: a signal that comes during the start must end it too.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const plane = await startLocalControlPlane(options);
  console.log(`Local Flyte control plane, for development and tests: ${plane.url}`);
  console.log(`Whoever may create a run can execute commands on this machine as ${userName()}; that needs a token.`);
  console.log(hint(flags));
  await stopped;
  await plane.close();
}

function toOptions(flags: PlaneFlags): LocalControlPlaneOptions {
  const { allowedHost, tlsCert, tlsKey, tlsCa, verbose, abortGrace, ...same } = flags;
  const options: LocalControlPlaneOptions = {
    ...same,
    allowedHosts: allowedHost,
    abortGraceMs: abortGrace === undefined ? undefined : abortGrace * 1000,
    onWarning: (message) => console.error(message),
    tls: readTls(tlsCert, tlsKey, tlsCa),
    logger: verbose === true ? (entry) => console.log(formatCall(entry)) : undefined,
  };
  try {
    resolvePlaneOptions(options);
  } catch (error) {
    // The same check as the start's, but here its failure means that the command was called wrongly.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  return options;
}

function readTls(cert: string | undefined, key: string | undefined, ca: string | undefined): TlsOptions | undefined {
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('--tls-cert and --tls-key go together: give both.');
  return {
    cert: readPem('--tls-cert', cert),
    key: readPem('--tls-key', key),
    ...(ca !== undefined && { ca: readPem('--tls-ca', ca) }),
  };
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${flag}: the file ${path} can't be read (${codeOf(error)}).`);
  }
}

function hint({ state }: PlaneFlags): string {
  if (state === MEMORY_STATE) return 'Its state ends with it, and only a program that starts it can mint tokens.';
  const where = state === undefined ? '' : ` --state ${JSON.stringify(state)}`;
  return `Mint a token: npx --no-install nestjs-flyte-local token alice${where}`;
}

function formatCall({ method, subject = '-', code, durationMs }: CallLogEntry): string {
  return `${method} ${subject} ${code} ${durationMs.toFixed(1)} ms`;
}
