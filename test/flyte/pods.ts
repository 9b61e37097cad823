import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Notes every pod of the cluster in a file, for as long as it runs: `<uid> <name>`, a line for each change. */
export function watchPods(kubeconfig: string, file: string): { stop(): Promise<void> } {
  let child: ChildProcess;
  let stopped = false;
  const start = (): void => {
    const form = 'jsonpath={.metadata.uid}{" "}{.metadata.name}{"\\n"}';
    const args = ['--kubeconfig', kubeconfig, 'get', 'pods', '--all-namespaces', '--watch', '-o', form];
    child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout?.on('data', (chunk: Buffer) => appendFileSync(file, chunk));
    // Kubernetes ends a watch now and then.
    child.once('exit', () => {
      if (!stopped) start();
    });
    child.once('error', (error) => {
      stopped = true;
      process.stderr.write(`Pods can't be counted: ${error.message}\n`);
    });
  };
  start();
  return {
    async stop() {
      if (stopped) return;
      stopped = true;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** How many pods there have been of a run's first action. */
export function startsIn(file: string, run: string): number {
  const seen = readFileSync(file, 'utf8').split('\n');
  return new Set(seen.filter((line) => line.split(' ')[1]?.startsWith(`${run}-a0-`)).map((line) => line.split(' ')[0]))
    .size;
}

/** Ends a run's pod as Kubernetes does when it drains a node: SIGTERM, and 30 seconds. */
export async function deletePod(kubeconfig: string, run: string): Promise<void> {
  const { stdout } = await kubectl(kubeconfig, 'get', 'pods', '--all-namespaces', '--no-headers');
  const line = stdout.split('\n').find((text) => text.split(/\s+/)[1]?.startsWith(`${run}-a0-`));
  const [namespace = '', pod = ''] = line?.split(/\s+/) ?? [];
  if (pod === '') throw new Error(`the run ${run} has no pod`);
  await kubectl(kubeconfig, 'delete', 'pod', pod, '--namespace', namespace, '--wait=false');
}

async function kubectl(kubeconfig: string, ...args: string[]): Promise<{ stdout: string }> {
  return run('kubectl', ['--kubeconfig', kubeconfig, ...args]);
}
