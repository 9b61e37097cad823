import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskEnvironment } from '../../tasks/task-environment.js';
import type { TaskRegistry } from '../../tasks/task-registry.js';
import type { TaskImages } from './task-images.js';

/** What a client knows of the app's own tasks. */
export interface TaskDefaults {
  /** The module that provides them; undefined for an app that only calls tasks. */
  readonly module?: string | undefined;
  /** The version that they are known under. */
  readonly version: string;
  /** Whether the app was told its version: then a cluster runs what was deployed as that version. */
  readonly isPinned?: boolean | undefined;
  /** What they run in. */
  readonly images: TaskImages;
  /** The environment of tasks that name none. */
  readonly defaultEnvironment?: TaskEnvironment | undefined;
  readonly registry: TaskRegistry;
}

/**
 * The version of the running app: in an action, that of its task; else the one given; else that of the `package.json` in
 * the working directory.
 */
export function appVersion(given: string | undefined): string {
  return process.env['FLYTE_INTERNAL_TASK_VERSION'] || given || packageVersion() || '0.0.0';
}

function packageVersion(): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined; // An app need not have one.
  }
}
