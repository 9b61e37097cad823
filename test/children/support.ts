import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Test } from '@nestjs/testing';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import type { LocalControlPlane, LocalControlPlaneOptions } from 'nestjs-flyte-local';
import ts from 'typescript';
import { startPlane } from '../support/plane.js';

/** The tests' tasks as a user's build would leave them, in a folder of their own. */
export function buildTasks(app: string): string {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-children-'));
  mkdirSync(join(root, 'dist'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module", "version": "1.0.0" }');
  for (const file of readdirSync(app)) {
    const { outputText } = ts.transpileModule(readFileSync(join(app, file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
        ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
      },
    });
    writeFileSync(join(root, 'dist', file.replace(/\.ts$/, '.js')), outputText);
  }
  return root;
}

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
