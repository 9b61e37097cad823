import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { LocalControlPlane, LocalControlPlaneOptions } from 'nestjs-flyte-local';
import { startPlane } from '../support/plane.js';
import { buildTasks } from '../support/tasks-app.js';

/** A plane that runs the tests' tasks, and the working directory of an app that does. */
export async function startFilesPlane(options: LocalControlPlaneOptions = {}): Promise<LocalControlPlane> {
  const root = buildTasks(join(import.meta.dirname, 'app'));
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(root);
  const plane = await startPlane({ ...options, workingDirectory: root });
  const close = async (): Promise<void> => {
    await plane.close();
    cwd.mockRestore();
    rmSync(root, { recursive: true, force: true });
  };
  return Object.assign(Object.create(plane) as LocalControlPlane, { close, [Symbol.asyncDispose]: close });
}
