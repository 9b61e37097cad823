import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createClient, type Client } from '@connectrpc/connect';
import { ActionsService } from 'nestjs-flyte/idl/actions/actions_service';
import { ClusterService } from 'nestjs-flyte/idl/cluster/service';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { TaskTemplateSchema } from 'nestjs-flyte/idl/core/tasks';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { SecretService } from 'nestjs-flyte/idl/secret/secret';
import { TaskSpecSchema, type TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { RunService, type CreateRunRequestSchema } from 'nestjs-flyte/idl/workflow/run_service';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import { startLocalControlPlane, type LocalControlPlane, type TokenClaims } from 'nestjs-flyte-local';
import { bearer, transportOf } from './support.js';

/** The project and domain that most tests use. */
export const PROJECT = 'flytesnacks';
export const DOMAIN = 'development';

/** Where scripts resolve their imports from. */
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** Clients of everything that executes. */
export interface ExecutionClients {
  readonly secrets: Client<typeof SecretService>;
  readonly tasks: Client<typeof TaskService>;
  readonly runs: Client<typeof RunService>;
  readonly actions: Client<typeof ActionsService>;
  readonly data: Client<typeof DataProxyService>;
  readonly cluster: Client<typeof ClusterService>;
  readonly projects: Client<typeof ProjectService>;
}

/** Clients with a token, over HTTP/2. */
export function executionClients(url: string, token?: string): ExecutionClients {
  const transport = transportOf(['connect', '2'], url, token === undefined ? [] : [bearer(token)]);
  return {
    secrets: createClient(SecretService, transport),
    tasks: createClient(TaskService, transport),
    runs: createClient(RunService, transport),
    actions: createClient(ActionsService, transport),
    data: createClient(DataProxyService, transport),
    cluster: createClient(ClusterService, transport),
    projects: createClient(ProjectService, transport),
  };
}

/** Clients of a caller of a plane. */
export async function clientsFor(plane: LocalControlPlane, claims?: TokenClaims): Promise<ExecutionClients> {
  return executionClients(plane.url, await plane.token('alice', claims));
}

/** Writes a Node script that can import what the repository has. It takes its output folder as `out`. */
export function script(folder: string, name: string, body: string): string {
  const path = join(folder, `${name}.mjs`);
  mkdirSync(folder, { recursive: true });
  const head = [
    `import { createRequire } from 'node:module';`,
    `import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';`,
    `import { spawn } from 'node:child_process';`,
    `import { fileURLToPath, pathToFileURL } from 'node:url';`,
    `const require = createRequire(${JSON.stringify(join(REPOSITORY, 'package.json'))});`,
    `const load = (name) => import(pathToFileURL(require.resolve(name)).href);`,
    `const out = process.argv[2] === undefined ? '' : fileURLToPath(process.argv[2]);`,
    `const done = () => writeFileSync(out + '/outputs.pb', '');`,
  ];
  writeFileSync(path, `${head.join('\n')}\n${body}\n`);
  return path;
}

type Template = MessageInitShape<typeof TaskTemplateSchema>;
type SecretInit = { key: string; group?: string; mountRequirement?: number; envVar?: string };

/** A task that runs a script, with its output prefix as the first argument. */
export function taskOf(path: string, secrets: SecretInit[] = [], template: Partial<Template> = {}): TaskSpec {
  return create(TaskSpecSchema, {
    taskTemplate: {
      id: { project: PROJECT, domain: DOMAIN, name: 'test.task', version: 'v1' },
      type: 'python',
      target: { case: 'container', value: { command: [process.execPath, path, '{{.outputPrefix}}'] } },
      securityContext: { secrets },
      ...template,
    },
    shortName: 'task',
  } as MessageInitShape<typeof TaskSpecSchema>);
}

/** A shell command as a task. */
export function shellTask(command: string, secrets: SecretInit[] = [], template: Partial<Template> = {}): TaskSpec {
  const args = [
    '-c',
    `out=$(printf %s "$1" | sed 's#^file://##'); finish() { : > "$out/outputs.pb"; }\n${command}`,
    'sh',
  ];
  return taskOf('', secrets, {
    target: { case: 'container', value: { command: ['/bin/sh', ...args], args: ['{{.outputPrefix}}'] } },
    ...template,
  } as Partial<Template>);
}

type RunInit = Omit<Exclude<MessageInitShape<typeof CreateRunRequestSchema>, { $typeName: string }>, '$typeName'>;
let counter = 0;

/** Starts a run of a task that is not deployed. */
export async function startRun(
  { runs }: ExecutionClients,
  spec: TaskSpec,
  {
    name = `r-${process.pid}-${++counter}`,
    project = PROJECT,
    domain = DOMAIN,
    ...rest
  }: RunInit & {
    name?: string;
    project?: string;
    domain?: string;
  } = {},
) {
  const id = { project, domain, name };
  await runs.createRun({ id: { case: 'runId', value: id }, task: { case: 'taskSpec', value: spec }, ...rest });
  return id;
}

/** Follows a run to its end; answers its last record. */
export async function finished(
  { runs }: ExecutionClients,
  run: { project: string; domain: string; name: string },
  seen: ActionPhase[] = [],
): Promise<ActionDetails> {
  let last: ActionDetails | undefined;
  for await (const { details } of runs.watchActionDetails({ actionId: { run, name: 'a0' } })) {
    last = details;
    const phase = details?.status?.phase;
    if (phase !== undefined && phase !== seen.at(-1)) seen.push(phase);
  }
  if (last === undefined) throw new Error('the watch ended without a record');
  return last;
}

/** Waits until a run has come to a phase. */
export async function reached(
  { runs }: ExecutionClients,
  run: { project: string; domain: string; name: string },
  phase: ActionPhase,
): Promise<void> {
  for await (const { details } of runs.watchActionDetails({ actionId: { run, name: 'a0' } })) {
    if (details?.status?.phase === phase) return;
  }
  throw new Error(`the run ended without phase ${ActionPhase[phase]}`);
}

/** Every line of a log. */
export async function logOf(
  { data }: ExecutionClients,
  run: { project: string; domain: string; name: string },
  attempt = 1,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const { logs } of data.tailLogs({ actionId: { run, name: 'a0' }, attempt })) {
    for (const part of logs) lines.push(...part.lines.map(({ message }) => message));
  }
  return lines;
}

/** Waits until a run has logged a line: only then it has come so far. */
export async function logged(
  clients: ExecutionClients,
  run: { project: string; domain: string; name: string },
  line: string,
): Promise<void> {
  await reached(clients, run, ActionPhase.RUNNING);
  for await (const { logs } of clients.data.tailLogs({ actionId: { run, name: 'a0' }, attempt: 1 })) {
    if (logs.some(({ lines }) => lines.some(({ message }) => message === line))) return;
  }
  throw new Error(`the run ended without the line ${line}`);
}

/** The first line that a run logs, while it goes on. */
export async function firstLine(
  clients: ExecutionClients,
  run: { project: string; domain: string; name: string },
): Promise<string> {
  await reached(clients, run, ActionPhase.RUNNING);
  for await (const { logs } of clients.data.tailLogs({ actionId: { run, name: 'a0' }, attempt: 1 })) {
    const line = logs.flatMap(({ lines }) => lines)[0];
    if (line !== undefined) return line.message;
  }
  throw new Error('the run ended without a line');
}

/** Runs a task to its end: the record, and the log of its last attempt. */
export async function runTask(clients: ExecutionClients, spec: TaskSpec, options: Parameters<typeof startRun>[2] = {}) {
  const run = await startRun(clients, spec, options);
  const details = await finished(clients, run);
  const hasLog = details.attempts.at(-1)?.logsAvailable === true;
  return { run, details, log: hasLog ? await logOf(clients, run, details.attempts.length) : [] };
}

/** The message of a failed run. */
export function messageOf({ result }: ActionDetails): string {
  return result.case === 'errorInfo' ? result.value.message : '';
}

/** Stores a secret as text or bytes. */
export async function putSecret(
  { secrets }: ExecutionClients,
  name: string,
  value: string | Uint8Array,
  { project = PROJECT, domain = DOMAIN }: { project?: string; domain?: string } = {},
): Promise<void> {
  const spec =
    typeof value === 'string' ? { case: 'stringValue' as const, value } : { case: 'binaryValue' as const, value };
  await secrets.createSecret({ id: { name, project, domain }, secretSpec: { value: spec } });
}

/** Why a plane can't set its actions apart here; undefined if it can. */
export async function whyNotApart(): Promise<string | undefined> {
  const warnings: string[] = [];
  await (
    await startLocalControlPlane({ port: 0, state: ':memory:', onWarning: (text) => warnings.push(text) })
  ).close();
  return warnings.find((text) => text.startsWith('Actions are not apart'));
}

/** Whether some process of this machine has such a text in its arguments; process ids of actions are only theirs. */
export function isRunningWith(text: string): boolean {
  if (process.platform !== 'linux') return execFileSync('ps', ['-A', '-o', 'args']).includes(text);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`).includes(text);
      } catch {
        return false;
      }
    });
}
