import { isLoopback } from '../../protocol/loopback.js';
import type { Environment } from '../../secrets/read-secret.js';
import type { Platform } from '../image-names.js';
import type { SecretSource } from '../secret-source.js';
import type { ProcessResult, RunProcess } from './run-process.js';

/** The builders this library knows, in the order of looking. */
export const BUILDERS = ['docker', 'buildah'] as const;

/** One of {@link BUILDERS}. */
export type BuilderName = (typeof BUILDERS)[number];

/** What one build is. */
export interface BuildJob {
  readonly fullName: string;
  readonly platform: Platform;
  /** The Dockerfile's path on this machine. */
  readonly dockerfile: string;
  /** The folder of the build context. */
  readonly context: string;
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** Proxies of RUN steps, by the variables that builders know. */
  readonly proxies: ReadonlyMap<string, string>;
  /** The network of RUN steps; the builder's own without it. */
  readonly network: 'host' | 'none' | undefined;
}

/** What a line of a builder's output is. */
export type BuildLine =
  | { readonly kind: 'step'; readonly number: number; readonly total: number; readonly text: string }
  | { readonly kind: 'log'; readonly text: string };

/** A program as it is to be run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Variables besides those of the environment. */
  readonly env?: Environment;
  /** For a question: what it says where the answer is yes although it fails. */
  readonly yes?: RegExp;
}

/** A builder that was found on this machine. Its methods say what to run; {@link buildImage} runs it. */
export interface ImageBuilder {
  readonly name: BuilderName;
  /** As it names it itself. */
  readonly version: string;
  build(job: BuildJob): Command;
  push(fullName: string): Command;
  /** Succeeds where the machine has the image. */
  findLocally(fullName: string): Command;
  /** Succeeds where the registry has the image. Asked only of images that this machine has not. */
  findInRegistry(fullName: string): Command;
  /** Run one after the other, they print the digest by which the registry knows an image that it has. */
  findDigest(fullName: string): readonly Command[];
  /** Reads one line of the build's output; undefined for a line that tells a person nothing. */
  parse(line: string): BuildLine | undefined;
}

/** Where a builder is looked for. */
export interface Surroundings {
  readonly env: Environment;
  readonly run: RunProcess;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds that a question to a builder may take. */
export const QUESTION_TIMEOUT = 60_000;

/** Proxies as both builders take them: seen by every step, kept out of the image and of the cache's keys. */
export function proxyArguments(proxies: BuildJob['proxies']): string[] {
  return [...proxies].map(([name, value]) => `--build-arg=${name}=${value}`);
}

/** Asks a builder something. */
export function ask({ env, run, signal }: Surroundings, command: Command): Promise<ProcessResult> {
  const options = { env: { ...env, ...command.env }, timeoutMs: QUESTION_TIMEOUT, signal };
  return run(command.program, command.args, options);
}

/** Asks a builder a question of yes and no. Whatever keeps it from answering is a no. */
export async function answersYes(around: Surroundings, command: Command): Promise<boolean> {
  const { exitCode, text } = await ask(around, command);
  return exitCode === 0 || (command.yes?.test(text) ?? false);
}

/** Whether an image's registry is on this machine, where builders do without TLS by custom. */
export function isOnThisMachine(fullName: string): boolean {
  const [, host = ''] = /^([^/]+?)(?::\d+)?\//.exec(fullName) ?? [];
  return isLoopback(host);
}
