import { type INestApplicationContext, Logger } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import type { Outputs } from '../gen/flyteidl2/task/common_pb.js';
import type { ActionArguments } from '../protocol/action-arguments.js';
import { moduleFile } from '../tasks/module-file.js';
import type { TaskDefinition } from '../tasks/task-definition.js';
import type { TaskSettings } from '../tasks/task-settings.js';
import { type ActionFailure, failedStep, failureOf, messageOf, stackOf } from './action-failure.js';
import { readInputs, writeError, writeOutputs } from './action-files.js';
import { ActionLife } from './action-life.js';
import type { ActionExitCode, ActionHost } from './action-host.js';
import type { UnpackedCode } from './code-bundle.js';
import { isCompiledFile, runCompiledAction } from './compiled-file.js';
import { cautiousRedactor, redactorOf } from './action-redactor.js';
import { type ActionScope, runInAction } from '../action/action-scope.js';
import type { ActionEnd, ChildActions } from '../action/child-actions.js';
import { flushReport } from './report.js';
import { loadTasksModule } from './load-tasks-module.js';
import { guardProcess } from './process-guard.js';
import { RUNTIME_DEFAULTS, type RuntimeSettings, runtimeSettings } from './runtime-settings.js';
import { callTask, findTask, startTasksApp } from './tasks-app.js';
import { startLimit, type TimeLimit, timeLimit } from './time-limits.js';
import { startWatchdog } from './watchdog.js';

const CONTEXT = 'Action';

/**
 * Runs one action in this process: loads and starts the module of the task, reads inputs.pb, calls the task, writes
 * outputs.pb or error.pb, and shuts the module down. It owns the process while it runs: signals, uncaught errors and
 * `process.exit` end the action, in an orderly way.
 *
 * @returns what the process is to exit with, whatever else still runs in it
 */
export async function runAction(args: ActionArguments, host: ActionHost): Promise<ActionExitCode> {
  const run = new ActionRun(args, host);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

/** Thrown where the code of a task, once unpacked, turns out to be compiled. */
class CompiledCode extends Error {
  constructor(readonly root: string) {
    super('The code of the task is compiled.');
  }
}

class ActionRun {
  readonly #life: ActionLife;
  readonly #release: () => void;
  readonly #watchdog = startWatchdog();
  readonly #settings: RuntimeSettings;
  readonly #settingsProblem: FlyteError | undefined;
  #redact: (text: string) => string;
  #app: INestApplicationContext | undefined;
  #code: Promise<UnpackedCode> | undefined;
  readonly #closing = new AbortController();
  #children: Promise<ChildActions> | undefined;
  #isCalling = true;
  readonly #scope: ActionScope;

  constructor(
    private readonly args: ActionArguments,
    private readonly host: ActionHost,
  ) {
    const { settings, problem } = settingsOf(host.env);
    this.#settings = settings;
    this.#settingsProblem = problem;
    const redactor = cautiousRedactor(host.env);
    this.#redact = (text) => redactor.redact(text);
    this.#life = new ActionLife(settings.graceMs);
    this.#scope = this.#info();
    this.#release = guardProcess(this.#life);
  }

  async run(): Promise<ActionExitCode> {
    const { logger } = this.host;
    const { task, outputsPath } = this.args;
    try {
      const work = runInAction(this.#scope, () => this.#work());
      const outputs = await Promise.race([work, this.#life.over]);
      // First: where that fails, the children end as those of an attempt that may be retried.
      const bytes = await writeOutputs(outputsPath, outputs);
      await Promise.all([this.#closeChildren('done'), this.#storeReport()]);
      logger.log(`Task ${task} succeeded: ${outputs.literals.length} outputs, ${bytes} bytes`, CONTEXT);
      return 0;
    } catch (error) {
      if (error instanceof CompiledCode && this.#life.failure === undefined) return await this.#handOver(error);
      return await this.#fail(this.#life.failure ?? failureOf(error));
    }
  }

  /** Shuts the module down and removes the code, for as long as each may take. */
  async close(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    this.#life.close();
    await this.#closeChildren('interrupted');
    if (app) {
      const problem = await this.#closed(app.close());
      if (problem !== undefined) this.host.logger.warn(this.#redact(`Shutting the module down ${problem}`), CONTEXT);
    }
    // The action may have ended before its code was there.
    this.#closing.abort();
    await this.#closed(this.#code?.then((code) => code.remove()));
    this.#watchdog.stop();
    this.#release();
  }

  /** What was called and not waited for, ends with the action. */
  async #closeChildren(end: ActionEnd): Promise<void> {
    const children = this.#children;
    this.#children = undefined;
    this.#isCalling = false;
    const problem = await this.#closed(children?.then((opened) => opened.close(end)));
    if (problem !== undefined) this.host.logger.warn(this.#redact(`Ending the children ${problem}`), CONTEXT);
  }

  /** A task ends as it does whether or not its report can be stored. */
  async #storeReport(): Promise<void> {
    try {
      await flushReport(this.#scope);
    } catch (error) {
      this.host.logger.warn(this.#redact(`The report is not stored: ${failureOf(error).message}`), CONTEXT);
    }
  }

  /** @returns why something is not closed; undefined where it is */
  async #closed(closing: Promise<void> | undefined): Promise<string | undefined> {
    const { closeTimeoutMs } = this.#settings;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`is not done after ${closeTimeoutMs} ms`), closeTimeoutMs);
    });
    const closed = closing?.then(
      () => undefined,
      (error: unknown) => `failed: ${failureOf(error).message}`,
    );
    const problem = await Promise.race([closed, late]);
    clearTimeout(timer);
    return problem;
  }

  async #work(): Promise<Outputs> {
    if (this.#settingsProblem !== undefined) throw this.#settingsProblem;
    const { inputs, task: name } = this.args;
    // Each waits for something else. What begins at once is held to its time from the start.
    const [task, given] = await Promise.all([this.#load(name), readInputs(inputs)]);
    const { codec, secrets, settings } = task;
    const redactor = redactorOf(secrets, this.host.env);
    this.#redact = (text) => redactor.redact(text);
    await this.#limit(settings);
    const app = this.#app;
    if (!app) throw new FlyteError('internal', 'The module was shut down before the task ran.');
    const decoded = await codec.decodeInputs(given).catch((error: unknown) => {
      throw failedStep(error, INVALID, 'The inputs do not fit the task');
    });
    const returned = await callTask(app, task, decoded);
    return codec.encodeOutputs(returned).catch((error: unknown) => {
      throw failedStep(error, INVALID, 'What the task returned does not fit its outputs');
    });
  }

  async #load(name: string): Promise<TaskDefinition> {
    const limit = startLimit(this.#settings.startTimeoutMs);
    const started = this.#life.after(limit.ms, () => this.#life.end(limit.failure));
    this.#watch(limit);
    const root = await this.#root();
    if (root !== this.host.root && isCompiledFile(moduleFile(this.args.module, root))) throw new CompiledCode(root);
    const module = await loadTasksModule(this.args.module, root);
    this.#app = await startTasksApp(module, this.host.logger);
    const task = findTask(this.#app, name);
    started();
    this.#watchdog.watch(undefined);
    return task;
  }

  /** Where the module's file is. */
  async #root(): Promise<string> {
    const { codeBundle } = this.args;
    if (codeBundle === undefined) return this.host.root;
    if (!this.host.unpackCode) throw new FlyteError('internal', 'There is nothing here that unpacks a code bundle.');
    this.#code = this.host.unpackCode(codeBundle, this.host.root, this.#closing.signal);
    return (await this.#code).root;
  }

  /** Leaves the action to the copy of this library that its code brings along. */
  async #handOver({ root }: CompiledCode): Promise<ActionExitCode> {
    this.#life.close();
    this.#watchdog.stop();
    this.#release();
    const { module } = this.args;
    const action = { args: { ...this.args, codeBundle: undefined }, host: { ...this.host, root } };
    return runCompiledAction(moduleFile(module, root), action, () => runAction(action.args, { ...this.host, root }));
  }

  /** Holds the task to what it declares for how long it may take. */
  async #limit(settings: TaskSettings): Promise<void> {
    const limit = await timeLimit(settings, () => this.#start());
    if (limit === undefined) return;
    const { ms, failure } = limit;
    this.#watch(limit);
    this.#life.after(ms, () => this.#life.interrupt(failure, new FlyteError('deadline_exceeded', failure.message)));
  }

  /** When the first attempt was queued; where nobody can tell, when this one started. */
  async #start(): Promise<Date> {
    try {
      if (this.host.startedAt) return await this.host.startedAt();
    } catch (error) {
      this.host.logger.warn(
        `The deadline counts from the start of this attempt, because Flyte does not tell that of the run: ${messageOf(error)}`,
        CONTEXT,
      );
    }
    return new Date(performance.timeOrigin);
  }

  /** Where even the event loop stands still, another process writes error.pb. */
  #watch({ ms, failure: { code, message } }: TimeLimit): void {
    const { reportDeath } = this.host;
    const words = ['--code', code, '--message', message, '--outputs-path', this.args.outputsPath];
    this.#watchdog.watch({
      ms,
      lastWords: `Task ${this.args.task} never gave way and is killed: ${code}: ${message}`,
      report: reportDeath && [...reportDeath, ...words],
    });
  }

  async #fail(failure: ActionFailure): Promise<ActionExitCode> {
    const { logger } = this.host;
    const { task, outputsPath } = this.args;
    if (failure.isInterruption === true) {
      logger.warn(`Task ${task} has no result: ${failure.message}`, CONTEXT);
      return 143;
    }
    const shown = { ...failure, code: this.#redact(failure.code), message: this.#redact(failure.message) };
    const retry = failure.recoverable ? 'may be retried' : 'is not retried';
    // Of a FlyteError the message says it all.
    const stack = FlyteError.is(failure.cause) ? undefined : stackOf(failure.cause);
    logger.error(
      `Task ${task} failed (${failure.origin} error, ${retry}): ${shown.code}: ${shown.message}`,
      ...(stack === undefined ? [] : [this.#redact(stack)]),
      CONTEXT,
    );
    await this.#closeChildren(failure.recoverable ? 'retried' : 'done');
    await this.#storeReport();
    try {
      await writeError(outputsPath, shown);
    } catch (error) {
      const problem = failureOf(error).message;
      logger.error(this.#redact(`error.pb cannot be written, so the run fails without a reason: ${problem}`), CONTEXT);
    }
    // Flyte would start again, and for ever, what ends with another code.
    return 0;
  }

  #info(): ActionScope {
    const { env, openChildren } = this.host;
    const life = this.#life;
    const children = async (): Promise<ChildActions> => {
      if (!openChildren) throw new FlyteError('internal', 'There is nothing here that calls children.');
      if (this.#isCalling) {
        this.#children ??= openChildren(scope);
        // Whoever asks next may be luckier.
        this.#children.catch(() => (this.#children = undefined));
        return this.#children;
      }
      throw new FlyteError('canceled', 'The action has ended, and calls nothing any more.');
    };
    const attempt = Number(env['FLYTE_ATTEMPT_NUMBER']);
    const scope: ActionScope = {
      run: env['RUN_NAME'] ?? '',
      action: env['ACTION_NAME'] ?? '',
      task: this.args.task,
      version: this.args.version,
      // Flyte counts from 0 here, and from 1 wherever it shows attempts.
      attempt: Number.isInteger(attempt) && attempt >= 0 ? attempt + 1 : 1,
      project: env['FLYTE_INTERNAL_EXECUTION_PROJECT'] ?? '',
      domain: env['FLYTE_INTERNAL_EXECUTION_DOMAIN'] ?? '',
      org: env['_U_ORG_NAME'] ?? '',
      rawDataPath: this.args.rawDataPath,
      outputsPath: this.args.outputsPath,
      checkpointPath: this.args.checkpointPath,
      prevCheckpoint: this.args.prevCheckpoint,
      module: this.args.module,
      codeBundle: this.args.codeBundle,
      group: undefined,
      children,
      get signal() {
        return life.signal;
      },
      redact: (text) => this.#redact(text),
      report: { tabs: new Map(), isFlushed: true },
      logger: new Logger(this.args.task),
    };
    return scope;
  }
}

const INVALID = { code: 'DataValidationError', origin: 'user', recoverable: false } as const;

/** A wrong setting fails the action, in an orderly way. */
function settingsOf(env: ActionHost['env']): { readonly settings: RuntimeSettings; readonly problem?: FlyteError } {
  try {
    return { settings: runtimeSettings(env) };
  } catch (problem) {
    if (!FlyteError.is(problem)) throw problem;
    return { settings: RUNTIME_DEFAULTS, problem };
  }
}
