import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { afterAll, beforeAll } from 'vitest';
import type { PythonSession } from './python-session.js';
import { PythonUser } from './python-user.js';

/** An action of a run, as `actions` of `parents.py` lists it. */
export interface ListedAction {
  readonly name: string;
  /** The name of its parent; empty for the root. */
  readonly of: string;
  readonly called: string;
  readonly type: 'task' | 'trace' | 'condition';
  readonly group: string;
  readonly phase: string;
  readonly attempts: number;
}

/** Somebody who runs Python's tasks that call tasks, for the tests of a file. */
export class Parents {
  #user: PythonUser | undefined;
  #python: PythonSession | undefined;
  #diaries = 0;

  /** @param options of the plane */
  constructor(options: LocalControlPlaneOptions = {}) {
    beforeAll(async () => {
      this.#user = await PythonUser.start(options);
      this.#python = this.#user.python('parents');
    });
    afterAll(() => this.#user?.[Symbol.asyncDispose]());
  }

  get user(): PythonUser {
    if (this.#user === undefined) throw new Error('the plane has not started yet');
    return this.#user;
  }

  /** Calls a function of `parents.py`. */
  call(name: string, given: object = {}): Promise<unknown> {
    if (this.#python === undefined) throw new Error('Python has not started yet');
    return this.#python.call(name, given);
  }

  /** Starts a task, MODULE.TASK. @returns the run's name */
  async start(task: string, given = {}, options = {}): Promise<string> {
    return String(await this.call('start', { task, given, ...options }));
  }

  /** Runs a task to its end. */
  async run(task: string, given = {}, options = {}): Promise<unknown> {
    return this.call('end', { run: await this.start(task, given, options) });
  }

  /** The actions of a run, in the order in which they came to be. */
  async actions(run: string, filters = {}): Promise<readonly ListedAction[]> {
    return (await this.call('actions', { run, ...filters })) as ListedAction[];
  }

  /** The variable of a new diary, and what tasks wrote into it so far. */
  diary(): { readonly options: { readonly env_vars: { readonly DIARY: string } }; readonly lines: () => string[] } {
    const path = join(this.user.folder, `diary-${++this.#diaries}`);
    const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []);
    return { options: { env_vars: { DIARY: path } }, lines };
  }
}
