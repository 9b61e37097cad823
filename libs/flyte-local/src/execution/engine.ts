import { dirname, resolve } from 'node:path';
import { ActionFeed } from '../runs/action-feed.js';
import { ActionStore } from '../runs/action-store.js';
import { TaskStore } from '../runs/task-store.js';
import type { SecretStore } from '../secrets/secret-store.js';
import type { LocalDatabase } from '../state/local-database.js';
import { DEFAULT_STATE, MEMORY_STATE } from '../state/state-folder.js';
import { AttemptRunner } from './attempts/attempt-runner.js';
import { DataFolder } from './attempts/data-folder.js';
import { quoteForShell } from './secrets/declared-secrets.js';
import { ActionTokens } from '../tokens/action-tokens.js';
import { Executor } from './executor.js';
import { removeLeftovers } from './leftovers.js';
import { writeClientFiles, type ClientFiles } from './attempts/client-files.js';
import { LogTails } from './attempts/log-tails.js';
import { Namespaces } from './processes/namespaces.js';
import { OutputCache } from './attempts/output-cache.js';
import { openSecretsRoot, removeSecretsRoot } from './secrets/secrets-root.js';

/** What {@link Engine.open} takes. */
export interface EngineOptions {
  /** The plane's database. */
  readonly database: LocalDatabase;
  /** The plane's secrets. */
  readonly secrets: SecretStore;
  /** A private folder for inputs, outputs and logs. */
  readonly dataFolder: string;
  /** A private folder for secret files, used where there is no folder in memory. */
  readonly secretsInUse: string;
  /** Where the state is, as the user said it. */
  readonly state: string;
  /** The plane's URL, which is known once it listens. */
  readonly url: () => string;
  /** The certificate in PEM that the plane's own is trusted by; undefined over plaintext. */
  readonly certificate: string | undefined;
  /** How many attempts run at a time. */
  readonly maxConcurrentActions: number;
  /** How long a process may take to end once it is asked, in milliseconds. */
  readonly abortGraceMs: number;
  /** The folder that commands run in. */
  readonly workingDirectory: string;
  /** Is told what the plane's user should know. */
  readonly warn: (message: string) => void;
}

/** Everything that executes, put together. */
export class Engine {
  private constructor(
    /** The plane's secrets. */
    readonly secrets: SecretStore,
    /** The deployed tasks. */
    readonly tasks: TaskStore,
    /** The runs. */
    readonly actions: ActionStore,
    /** Tells of changes of runs. */
    readonly feed: ActionFeed,
    /** Where inputs, outputs and logs are. */
    readonly data: DataFolder,
    /** Follows logs. */
    readonly tails: LogTails,
    /** Takes runs through their phases. */
    readonly executor: Executor,
    /** The tokens of what runs. */
    readonly tokens: ActionTokens,
    private readonly secretsRoot: string,
  ) {}

  /** Puts the parts together. It removes what a plane that was killed left on this state, and starts nothing yet. */
  static open(options: EngineOptions): Engine {
    const { database, secrets, dataFolder, secretsInUse, state, url, warn } = options;
    const data = new DataFolder(dataFolder);
    const survivors = removeLeftovers({ dataFolder, secretsInUse });
    if (survivors > 0) warn(`Ended ${survivors} process(es) of runs that outlived the control plane before this one.`);
    const secretsRoot = openSecretsRoot(secretsInUse);
    // Both are folders in the one that holds all of the state; secrets may be in memory.
    const namespaces = Namespaces.open([dirname(dataFolder), ...(secretsRoot === secretsInUse ? [] : [secretsRoot])]);
    if (typeof namespaces === 'string')
      warn(`Actions are not apart, because ${namespaces}: they see one another, and the control plane's state.`);
    const feed = new ActionFeed();
    const actions = new ActionStore(database, feed);
    const tails = new LogTails();
    const tokens = new ActionTokens();
    let client: ClientFiles | undefined;
    const runner = new AttemptRunner({
      tokens,
      client: () => (client ??= writeClientFiles(dataFolder, url(), options.certificate)),
      data,
      cache: new OutputCache(database, data),
      secrets,
      secretsRoot,
      namespaces,
      tails,
      cwd: options.workingDirectory,
      graceMs: options.abortGraceMs,
      url,
      warn,
      stateFlag: stateFlag(state),
    });
    const executor = new Executor(actions, runner, options.maxConcurrentActions, warn);
    return new Engine(secrets, new TaskStore(database), actions, feed, data, tails, executor, tokens, secretsRoot);
  }

  /** Ends every process and removes its secrets. */
  async close(): Promise<void> {
    await this.executor.close();
    removeSecretsRoot(this.secretsRoot);
  }
}

function stateFlag(state: string): string | undefined {
  if (state === MEMORY_STATE) return undefined;
  return resolve(state) === resolve(DEFAULT_STATE) ? '' : ` --state ${quoteForShell(state)}`;
}
