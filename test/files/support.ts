import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
import type { LocalControlPlane, LocalControlPlaneOptions } from 'nestjs-flyte-local';
import ts from 'typescript';
import { startPlane } from '../support/plane.js';

/** The tests' tasks as a user's build would leave them, in a folder of their own. */
function buildTasks(): string {
  const root = mkdtempSync(join(tmpdir(), 'nestjs-flyte-files-'));
  mkdirSync(join(root, 'dist'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module", "version": "1.0.0" }');
  const app = join(import.meta.dirname, 'app');
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

/** A plane that runs the tests' tasks, and the working directory of an app that does. */
export async function startFilesPlane(options: LocalControlPlaneOptions = {}): Promise<LocalControlPlane> {
  const root = buildTasks();
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(root);
  const plane = await startPlane({ ...options, workingDirectory: root });
  const close = async (): Promise<void> => {
    await plane.close();
    cwd.mockRestore();
    rmSync(root, { recursive: true, force: true });
  };
  return Object.assign(Object.create(plane) as LocalControlPlane, { close, [Symbol.asyncDispose]: close });
}
