import { Test, type TestingModule } from '@nestjs/testing';
import { createClient } from '@connectrpc/connect';
import { FlyteClient, FlyteModule, type FlyteModuleOptions, type Run, type RunInfo } from 'nestjs-flyte';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterAll, expect } from 'vitest';
import { until } from '../support/calls.js';
import { note, starts, target } from './target.js';
import { Parents, Pieces } from './tasks/children.tasks.js';
import { Ends, Files, Process } from './tasks/suite.tasks.js';

/** Where the target's processes find the tasks: in the repository, as `npm run test:flyte` built them. */
export const MODULE = './dist/flyte-suite/suite.tasks.js#SuiteModule';

const CLASSES = [Ends, Process, Files, Pieces, Parents];

const modules: TestingModule[] = [];
afterAll(async () => {
  await Promise.all(modules.map((module) => module.close()));
});

/** A client of the target, as an app has it. */
export async function connect(options: FlyteModuleOptions = {}): Promise<FlyteClient> {
  const { endpoint, token, project, domain, version, image } = target;
  const module = await Test.createTestingModule({
    imports: [
      FlyteModule.forRoot({
        ...{ endpoint, project, domain },
        credentials: () => ({ authorization: `Bearer ${token}` }),
        tasks: { module: MODULE, version, ...(image !== undefined && { image }) },
        ...options,
      }),
      FlyteModule.forFeature(CLASSES),
    ],
  }).compile();
  modules.push(module);
  await module.init();
  const client = module.get(FlyteClient);
  // An app that knows its version runs what was deployed, and the local control plane what is declared.
  const isUsual = options.tasks === undefined && options.credentials === undefined;
  if (target.kind === 'flyte' && isUsual) await client.tasks.deploy(CLASSES);
  return client;
}

/** Flyte's own services, for what the library does not ask. */
export function services({ transport }: FlyteClient) {
  return {
    runs: createClient(RunService, transport),
    tasks: createClient(TaskService, transport),
    data: createClient(DataProxyService, transport),
  };
}

/** Waits for a run's end, notes it, and sees that nothing was started but its attempts. */
export async function ended(what: string, run: Run): Promise<RunInfo> {
  const info = await run.wait();
  note(what, run.name, info.attempts);
  await until(() => starts(run.name, info.attempts) >= info.attempts, `the pods of ${run.name}`);
  expect(starts(run.name, info.attempts), `pods of ${run.name}`).toBe(info.attempts);
  return info;
}

/** Waits until a run has logged a line with a text: only then it has come so far. */
export async function logged(run: Run, text: string): Promise<string> {
  for await (const { message } of run.logs()) if (message.includes(text)) return message;
  throw new Error(`the run ${run.name} ended without ${JSON.stringify(text)} in its log`);
}
