import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUTS_FILE, Redactor } from 'nestjs-flyte/protocol';
import { CatalogCacheStatus } from 'nestjs-flyte/idl/core/catalog';
import { ErrorInfo_Kind } from 'nestjs-flyte/idl/workflow/run_definition';
import { errorInfo } from '../../runs/action-record.js';
import type { ActionTokens } from '../../tokens/action-tokens.js';
import type { SecretStore } from '../../secrets/secret-store.js';
import { codeOf } from '../../state/atomic-file.js';
import { DamagedState } from '../../state/state-problem.js';
import { AttemptLog } from './attempt-log.js';
import { planAttempt, secretsVariables, type AttemptPlan, type AttemptRequest } from './attempt-plan.js';
import { AttemptRefused } from './attempt-refused.js';
import { failed, hasResult, readResult, type AttemptResult, type StopReason } from './attempt-result.js';
import type { AttemptPaths, DataFolder } from './data-folder.js';
import { declaredSecrets, resolveSecrets, secretVariables, type ResolvedSecret } from '../secrets/declared-secrets.js';
import { inheritedVariables, type Variables } from './environment.js';
import { exitMessage, gaveUp } from './exit-message.js';
import { findCommand } from '../processes/find-command.js';
import { clientVariables, type ClientFiles } from './client-files.js';
import type { LogTails } from './log-tails.js';
import type { Command, Namespaces } from '../processes/namespaces.js';
import type { OutputCache } from './output-cache.js';
import { runProcess } from '../processes/run-process.js';
import { searchPath } from '../processes/search-path.js';
import { writeSecretFiles, type SecretFiles } from '../secrets/secret-files.js';

/** What every attempt of a plane shares. */
export interface RunnerParts {
  /** Where inputs, outputs and logs are. */
  readonly data: DataFolder;
  /** Which outputs may be taken for those of another run. */
  readonly cache: OutputCache;
  /** Where secrets are stored. */
  readonly secrets: SecretStore;
  /** A private folder for the secret files of running attempts. */
  readonly secretsRoot: string;
  /** Starts attempts apart, or the reason why this host does not allow it. */
  readonly namespaces: Namespaces | string;
  /** Is told what is logged. */
  readonly tails: LogTails;
  /** The folder that commands run in. */
  readonly cwd: string;
  /** How long a process may take to end once it is asked, in milliseconds. */
  readonly graceMs: number;
  /** The plane's URL. */
  readonly url: () => string;
  /** Is told what the plane's user should know. */
  readonly warn: (message: string) => void;
  /** Gives attempts their tokens. */
  readonly tokens: ActionTokens;
  /** What has an attempt call the plane with its token. */
  readonly client: () => ClientFiles;
  /** See {@link SecretLookup}. */
  readonly stateFlag: string | undefined;
}

/** How an attempt is watched over from outside. */
export interface AttemptControl {
  /** Ends the attempt; its reason is a {@link StopReason}. */
  readonly stop: AbortSignal;
  /** Is called and waited for right before the process starts: from then on, the task may have done something. */
  readonly onRunning: () => Promise<void>;
}

/** Runs attempts as processes of this machine. */
export class AttemptRunner {
  /** @param parts what every attempt shares */
  constructor(private readonly parts: RunnerParts) {}

  /** Runs one attempt to its end. It never throws: what goes wrong is the attempt's failure. */
  async run(request: AttemptRequest, control: AttemptControl): Promise<AttemptResult> {
    let redactor = new Redactor([]);
    let result: AttemptResult;
    const { token, revoke } = this.parts.tokens.issue(request.key, request.details.metadata?.executedBy);
    try {
      const cacheKey = this.parts.cache.keyOf(request);
      const known = cacheKey === undefined ? undefined : this.parts.cache.take(cacheKey, request);
      if (known !== undefined)
        return { kind: 'succeeded', outputUri: known, cacheStatus: CatalogCacheStatus.CACHE_HIT };
      const plan = planAttempt(this.parts.data, this.parts.url(), request);
      const secrets = this.#secretsOf(request);
      redactor = await Redactor.of([...secrets.map(({ value }) => value), Buffer.from(token)]);
      result = await this.#withLog(plan, secrets, token, redactor, control);
      if (cacheKey !== undefined && result.kind === 'succeeded' && !control.stop.aborted) {
        const { CACHE_POPULATED, CACHE_PUT_FAILURE } = CatalogCacheStatus;
        result = {
          ...result,
          cacheStatus: this.parts.cache.keep(cacheKey, request) ? CACHE_POPULATED : CACHE_PUT_FAILURE,
        };
      }
    } catch (error) {
      if (error instanceof AttemptRefused) result = failed(false, ErrorInfo_Kind.USER, error.message);
      else if (error instanceof DamagedState) result = failed(false, ErrorInfo_Kind.SYSTEM, error.message);
      else result = failed(true, ErrorInfo_Kind.SYSTEM, `The local control plane failed: ${describe(error)}.`);
    } finally {
      revoke();
    }
    if (control.stop.aborted) return { kind: 'stopped', reason: control.stop.reason as StopReason };
    return withoutSecrets(result, redactor);
  }

  #secretsOf({ key, details }: AttemptRequest): ResolvedSecret[] {
    const template = details.spec.case === 'task' ? details.spec.value.taskTemplate : undefined;
    const { project, domain } = key;
    const { secrets: store, stateFlag } = this.parts;
    return resolveSecrets(declaredSecrets(template?.securityContext), { project, domain, store, stateFlag });
  }

  async #withLog(
    plan: AttemptPlan,
    secrets: readonly ResolvedSecret[],
    token: string,
    redactor: Redactor,
    control: AttemptControl,
  ): Promise<AttemptResult> {
    const { tails, secretsRoot, warn } = this.parts;
    const variables = secretVariables(secrets);
    const files = writeSecretFiles(secretsRoot, secrets);
    const path = plan.paths.log;
    tails.opened(path);
    const log = new AttemptLog(
      path,
      redactor,
      () => tails.changed(path),
      (code) =>
        warn(`Lines of the log ${path} are lost, because it can't be written (${code}). Free some space there.`),
    );
    let isLeft = true;
    try {
      const result = await this.#process(plan, variables, token, files, log, control);
      this.#requireOwn(plan.paths);
      isLeft = result.kind !== 'succeeded' || refersTo(plan.paths);
      return result;
    } finally {
      files?.remove();
      if (!isLeft) removeScratch(plan.paths.scratch);
      log.close();
      tails.closed(path);
    }
  }

  async #process(
    { paths, command: [name, ...args], given, flyte, marker, shown, bringsCode }: AttemptPlan,
    secrets: Variables,
    token: string,
    files: SecretFiles | undefined,
    log: AttemptLog,
    { stop, onRunning }: AttemptControl,
  ): Promise<AttemptResult> {
    const { namespaces, cwd, graceMs } = this.parts;
    const client = this.parts.client();
    const told = secretsVariables(secrets, files?.folder);
    // A secret wins over a variable of its name, as Flyte's webhook replaces the container's.
    const asked: Variables = {
      ...inheritedVariables(process.env),
      ...given,
      ...secrets,
      ...told,
      ...flyte,
      ...clientVariables(client, token),
    };
    const env = { ...asked, PATH: searchPath(asked['PATH'] ?? '', cwd) };
    const folders = [paths.outputs, paths.raw, paths.checkpoints, ...(bringsCode ? [paths.scratch] : [])];
    this.#requireOwn(paths);
    for (const needed of folders) mkdirSync(needed, { recursive: true, mode: 0o700 });
    let command: Command = { file: findCommand(name, env.PATH, cwd), args, env, cwd: bringsCode ? paths.scratch : cwd };
    const isApart = typeof namespaces !== 'string';
    if (isApart) command = namespaces.wrap(command, { folders: [...shown, client.folder], secrets: files?.folder });
    else if (files !== undefined)
      log.note(
        `The secret files are in the folder of FLYTE_SECRETS_DEFAULT_DIR and not at /etc/flyte/secrets: ${namespaces}.`,
      );
    if (stop.aborted) return { kind: 'stopped', reason: stop.reason as StopReason };
    await onRunning();
    const onOutput = (from: 'out' | 'err', chunk: Buffer): void => log.write(from, chunk);
    const status = await runProcess({ ...command, name, isApart, marker, stop, graceMs, onOutput });
    this.#requireOwn(paths);
    if (status.code === 0) return readResult(paths.outputs);
    if (gaveUp(status) && hasResult(paths.outputs)) {
      log.note('The process gave up as it ended (SIGABRT). It had written its result before, and that counts.');
      return readResult(paths.outputs);
    }
    return failed(true, ErrorInfo_Kind.USER, exitMessage(status, log.end));
  }

  /** The actions of a run write into its folder, and a link in the place of an attempt's would have the plane work elsewhere. */
  #requireOwn({ outputs, scratch }: AttemptPaths): void {
    if (![outputs, scratch].some((folder) => this.parts.data.leadsElsewhere(folder))) return;
    throw new AttemptRefused(
      'The folder of the attempt is a link that leads elsewhere, which an action of the run has made.',
    );
  }
}

/**
 * Whether an attempt put out files of its working directory. Python's SDK does not copy them where storage is this machine's own; those of an
 * attempt that did not succeed may have gone to children, which another attempt finds again.
 */
function refersTo({ outputs, scratch }: AttemptPaths): boolean {
  return readFileSync(join(outputs, OUTPUTS_FILE)).includes(scratch);
}

/** What the task has made impossible to remove, such as folders that can't be written, stays in the state folder. */
function removeScratch(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It harms nobody.
  }
}

/** A task's own error may quote what it was given. */
function withoutSecrets(result: AttemptResult, redactor: Redactor): AttemptResult {
  if (result.kind !== 'failed') return result;
  const { kind, message } = result.error;
  return { ...result, error: errorInfo(kind, redactor.redact(message)) };
}

/** An unexpected error may hold anything, a command's arguments for one; its code and its class say enough. */
function describe(error: unknown): string {
  const code = codeOf(error);
  if (code !== 'unknown') return code;
  return error instanceof Error && error.message.startsWith('The ') ? error.message : 'an unexpected error';
}
