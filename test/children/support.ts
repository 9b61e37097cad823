import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import type { LocalControlPlane, LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { startPlane } from '../support/plane.js';
import { buildTasks } from '../support/tasks-app.js';

/** A plane that runs the tests' tasks, and an app that calls them as alice. */
export interface Stage extends AsyncDisposable {
  readonly plane: LocalControlPlane;
  readonly client: FlyteClient;
  /** The folder that actions run in. */
  readonly root: string;
  /** The plane's own. */
  readonly state: string;
  /** Runs code as alice. */
  asAlice<T>(fn: () => Promise<T>): Promise<T>;
}

export async function startStage(options: LocalControlPlaneOptions = {}): Promise<Stage> {
  const root = buildTasks(join(import.meta.dirname, 'app'));
  const state = mkdtempSync(join(tmpdir(), 'flyte-local-'));
  const plane = await startPlane({ ...options, state, workingDirectory: root });
  const token = await plane.token('alice', { name: 'Alice' });
  const module = await Test.createTestingModule({
    imports: [
      FlyteModule.forRoot({
        ...{ endpoint: plane.url, project: 'flytesnacks', domain: 'development', passthrough: true },
        tasks: { module: './dist/tasks.module.js#TasksModule' },
      }),
    ],
  }).compile();
  return {
    plane,
    root,
    state,
    client: module.get(FlyteClient),
    asAlice: (fn) => authMetadata({ authorization: `Bearer ${token}` }, fn),
    async [Symbol.asyncDispose]() {
      await module.close();
      await plane.close();
      for (const folder of [root, state]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a stage's tasks say that they did, in a file that they share with the test. */
export class Diary {
  private path = '';
  private count = 0;

  constructor(private readonly stage: () => Stage) {}

  /** The options of a call whose tasks write into a file of its own. */
  begin(): { envVars: { DIARY: string } } {
    this.path = join(this.stage().root, `diary-${(this.count += 1)}`);
    return { envVars: { DIARY: this.path } };
  }

  /** The lines that were written since. */
  lines(): string[] {
    return readFileSync(this.path, 'utf8').trim().split('\n');
  }
}
