import { appendFileSync } from 'node:fs';
import { inject, type TestContext } from 'vitest';
import { startsIn } from './pods.js';

/** The Flyte that is tried. */
export interface Target {
  /** The local control plane, or a real backend. */
  readonly kind: 'local' | 'flyte';
  readonly endpoint: string;
  readonly token: string;
  readonly project: string;
  readonly domain: string;
  /** The version that this suite's tasks are known under: one of its own each time. */
  readonly version: string;
  /** What has the repository at its working directory; the local control plane needs none. */
  readonly image?: string | undefined;
  /** How to ask the cluster about pods. */
  readonly kubeconfig?: string | undefined;
  /** A shell command that ends the backend, starts it anew and returns once it answers. */
  readonly restart?: string | undefined;
  /** What this cluster can do though such targets need not. */
  readonly can?: readonly string[] | undefined;
  /** Where the pods of the cluster are noted. */
  readonly podsFile: string;
  /** Where runs are noted whose starts count. */
  readonly runsFile: string;
}

export const target = inject('target');

/** What not every Flyte can do: why not, by the kind of target. */
const LACKS = {
  'queue times': { flyte: 'the backend does not look at how long an action may be queued' },
  'retry backoff': { flyte: 'the backend retries at once, whatever the task asks for' },
  'bare ends': { flyte: 'a process that does not end with 0 is started again for ever; our own runtime never ends so' },
  'bare ends without end': { local: 'such a process ends the attempt' },
  'memory limits': {
    local: 'processes have no memory limit',
    flyte: 'not every cluster has nodes that keep limits; FLYTE_TEST_CAN="memory limits" says that this one does',
  },
  'late checks': { local: 'a module that is not there is refused before there is a run' },
  images: { local: 'images are ignored: tasks are processes of this machine' },
  'verified tokens': { flyte: 'the backend reads tokens without verifying them; a proxy in front of it does' },
  'logs of earlier attempts': { flyte: 'logs are those of the pod, and are gone with it' },
  'pod variables': { local: 'there is no pod' },
  'fired triggers': {
    flyte: 'operators may turn off what fires triggers; FLYTE_TEST_CAN="fired triggers" says that it is on',
  },
  'an endpoint in pods': { flyte: 'operators need not tell pods where Flyte is' },
} satisfies Record<string, Partial<Record<Target['kind'], string>>>;

export type Ability = keyof typeof LACKS | 'kubernetes' | 'a restart';

/** Why the target can't do something; undefined where it can. */
function whyNot(ability: Ability): string | undefined {
  if (target.can?.includes(ability)) return undefined;
  if (ability === 'kubernetes') return target.kubeconfig ? undefined : 'FLYTE_TEST_KUBECONFIG is not set';
  if (ability === 'a restart')
    return target.kind === 'local' || target.restart ? undefined : 'FLYTE_TEST_RESTART is not set';
  const reasons: Partial<Record<Target['kind'], string>> = LACKS[ability];
  return reasons[target.kind];
}

/** Skips a test where the target can't do all of this; the report says by its name which it was, and why. */
export function needs(test: Pick<TestContext, 'skip'>, ...abilities: readonly Ability[]): void {
  for (const ability of abilities) {
    const why = whyNot(ability);
    if (why !== undefined) test.skip(`${target.kind}: ${why}`);
  }
}

/** How many pods a run has had; where pods can't be seen, its attempts. */
export function starts(run: string, attempts: number): number {
  return target.kubeconfig ? startsIn(target.podsFile, run) : attempts;
}

/** Puts a run into the table that is printed in the end. */
export function note(what: string, run: string, attempts: number): void {
  appendFileSync(target.runsFile, `${what}\t${run}\t${attempts}\n`);
}
