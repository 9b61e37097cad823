import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { TypedInterfaceSchema } from 'nestjs-flyte/idl/core/interface';
import { LiteralSchema } from 'nestjs-flyte/idl/core/literals';
import type { RunSpec } from 'nestjs-flyte/idl/task/run';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { OUTPUTS_FILE } from 'nestjs-flyte/protocol';
import type { ActionKey } from '../../runs/action-id.js';
import type { LocalDatabase } from '../../state/local-database.js';
import { isFull } from '../../state/state-problem.js';
import { readResult } from './attempt-result.js';
import type { DataFolder } from './data-folder.js';

/** An attempt whose outputs may be those of an earlier one. */
export interface CacheableAttempt {
  readonly key: ActionKey;
  readonly details: ActionDetails;
  readonly runSpec: RunSpec;
  /** From 1. */
  readonly attempt: number;
}

/**
 * The outputs of tasks that may be taken for those of a later run: of the same task, interface, cache version and inputs
 * without those that it ignores, in the same project and domain.
 */
export class OutputCache {
  /**
   * @param database the plane's database, which knows whose outputs they are
   * @param data where they are
   */
  constructor(
    private readonly database: LocalDatabase,
    private readonly data: DataFolder,
  ) {}

  /** What the outputs of an attempt are known under; undefined if its task is not cached. @throws DamagedState of its inputs */
  keyOf({ key, details }: CacheableAttempt): string | undefined {
    const task = details.spec.case === 'task' ? details.spec.value.taskTemplate : undefined;
    if (task?.metadata?.discoverable !== true) return undefined;
    const { discoveryVersion, cacheIgnoreInputVars } = task.metadata;
    const { name = '' } = task.id ?? {};
    const hash = createHash('sha256');
    hash.update(JSON.stringify([key.project, key.domain, name, discoveryVersion]));
    if (task.interface !== undefined) hash.update(toBinary(TypedInterfaceSchema, task.interface));
    for (const input of this.data.readInputs(this.data.inputsFolder(key))?.literals ?? []) {
      if (cacheIgnoreInputVars.includes(input.name) || input.value === undefined) continue;
      // A value may say what it is to be told by, in place of its bytes.
      const bytes = input.value.hash === '' ? toBinary(LiteralSchema, input.value) : Buffer.from(input.value.hash);
      hash.update(JSON.stringify([input.name, input.value.hash !== '', bytes.length])).update(bytes);
    }
    return hash.digest('hex');
  }

  /** Takes over the outputs that are known under a key. @returns their new URI, or undefined if there are none */
  take(cacheKey: string, { key, runSpec, attempt }: CacheableAttempt): string | undefined {
    if (runSpec.cacheConfig?.overwriteCache === true || runSpec.overwriteCache) return undefined;
    const row = this.database.get('SELECT * FROM cached_outputs WHERE key = ?', [cacheKey]);
    if (row === undefined) return undefined;
    const { project, domain, run_name, name } = row;
    const owner = { project: String(project), domain: String(domain), run: String(run_name), name: String(name) };
    const { outputs } = this.data.attempt(key, attempt);
    const path = join(outputs, OUTPUTS_FILE);
    const theirs = this.data.attempt(owner, Number(row['attempt'])).outputs;
    if ([outputs, theirs].some((folder) => this.data.leadsElsewhere(folder))) return undefined;
    try {
      mkdirSync(outputs, { recursive: true, mode: 0o700 });
      copyFileSync(join(theirs, OUTPUTS_FILE), path);
      const result = readResult(outputs);
      if (result.kind === 'succeeded') return result.outputUri;
    } catch {
      // They are gone, or can't be copied: then the task runs.
    }
    rmSync(path, { force: true });
    return undefined;
  }

  /** Keeps the outputs of an attempt, in place of those that were known before. @returns whether they are kept */
  keep(cacheKey: string, { key, attempt }: CacheableAttempt): boolean {
    try {
      this.#keep(cacheKey, key, attempt);
      return true;
    } catch (error) {
      // A full disk costs the next run some time, and this one nothing.
      if (isFull(error)) return false;
      throw error;
    }
  }

  #keep(cacheKey: string, key: ActionKey, attempt: number): void {
    this.database.run(
      'INSERT OR REPLACE INTO cached_outputs (key, project, domain, run_name, name, attempt) VALUES (?, ?, ?, ?, ?, ?)',
      [cacheKey, key.project, key.domain, key.run, key.name, attempt],
    );
  }
}
