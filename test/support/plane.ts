import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalControlPlane, type LocalControlPlane, type LocalControlPlaneOptions } from 'nestjs-flyte-local';

/** A control plane on a free port with a state folder of its own, removed with it. */
export async function startPlane(options: LocalControlPlaneOptions = {}): Promise<LocalControlPlane> {
  const state = options.state ?? (await mkdtemp(join(tmpdir(), 'flyte-local-')));
  const plane = await startLocalControlPlane({ port: 0, ...options, state });
  const close = async (): Promise<void> => {
    await plane.close();
    if (!options.state) await rm(state, { recursive: true, force: true });
  };
  return Object.assign(Object.create(plane) as LocalControlPlane, { close, [Symbol.asyncDispose]: close });
}
