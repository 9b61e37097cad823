import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import type { VariableMapSchema } from 'nestjs-flyte/idl/core/interface';
import { SimpleType } from 'nestjs-flyte/idl/core/types';
import { TaskSpecSchema, type TaskSpec } from 'nestjs-flyte/idl/task/task_definition';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { SCRIPT } from './shell.js';

const SCOPE = { project: 'flytesnacks', domain: 'development' };

/** Runs on a control plane. */
export class PlaneRuns {
  private readonly runs: Client<typeof RunService>;
  private readonly data: Client<typeof DataProxyService>;
  private readonly tasks: Client<typeof TaskService>;
  private made = 0;

  constructor(url: string, token: string) {
    const transport = createConnectTransport({
      ...{ baseUrl: url, httpVersion: '2' },
      interceptors: [
        (next) => (request) => {
          request.header.set('authorization', `Bearer ${token}`);
          return next(request);
        },
      ],
    });
    this.runs = createClient(RunService, transport);
    this.data = createClient(DataProxyService, transport);
    this.tasks = createClient(TaskService, transport);
  }

  /**
   * Deploys a task of a shell, which takes a text `id`.
   *
   * @param first what it does before it ends well
   */
  async deploy(name: string, first: string): Promise<void> {
    const text = { type: { case: 'simple' as const, value: SimpleType.STRING } };
    const made = spec(name, `${first}; ${SCRIPT}`, [{ key: 'id', value: { type: text } }]);
    await this.tasks.deployTask({ taskId: { ...SCOPE, name, version: 'v1' }, spec: made });
  }

  /** @returns the name of a run that was begun */
  async create(): Promise<string> {
    const name = `bench-${++this.made}`;
    const id = { case: 'runId' as const, value: { ...SCOPE, name } };
    await this.runs.createRun({ id, task: { case: 'taskSpec', value: spec() } });
    return name;
  }

  /** @throws Error where it does not end well */
  async finished(name: string): Promise<void> {
    let phase: ActionPhase | undefined;
    for await (const { details } of this.runs.watchActionDetails({ actionId: actionOf(name) })) {
      phase = details?.status?.phase;
    }
    if (phase !== ActionPhase.SUCCEEDED) throw new Error(`The run ended as ${phase && ActionPhase[phase]}`);
  }

  /**
   * Which part of the time of all slots the children of a run had, from the first that began to the last that ended.
   *
   * @param run the name of a run that has ended
   * @param slots how many may run at once
   */
  async busy(run: string, slots: number): Promise<number> {
    const spans: (readonly [from: number, to: number])[] = [];
    let token = '';
    // oxlint-disable no-await-in-loop -- a page names the next one
    do {
      const page = await this.runs.listActions({ runId: { ...SCOPE, name: run }, request: { limit: 200, token } });
      for (const { id: actionId, metadata } of page.actions) {
        if (metadata?.parent !== 'a0') continue;
        const { details } = await this.runs.getActionDetails({ actionId });
        const { phaseTransitions = [], endTime } = details?.attempts[0] ?? {};
        const begun = phaseTransitions.find(({ phase }) => phase === ActionPhase.INITIALIZING);
        spans.push([millisecondsOf(begun?.startTime), millisecondsOf(endTime)]);
      }
      token = page.token;
    } while (token !== '');
    // oxlint-enable no-await-in-loop
    const from = Math.min(...spans.map(([begun]) => begun));
    const to = Math.max(...spans.map(([, ended]) => ended));
    return spans.reduce((sum, [begun, ended]) => sum + ended - begun, 0) / ((to - from) * slots);
  }

  /** Waits for the first line of its log. */
  async firstLine(name: string): Promise<void> {
    for await (const { details } of this.runs.watchActionDetails({ actionId: actionOf(name) })) {
      const phase = details?.status?.phase;
      if (phase === ActionPhase.RUNNING || phase === ActionPhase.SUCCEEDED) break;
    }
    for await (const { logs } of this.data.tailLogs({ actionId: actionOf(name), attempt: 1 })) {
      if (logs.some(({ lines }) => lines.length > 0)) return;
    }
    throw new Error('The run ended without a line');
  }
}

function millisecondsOf(time: Timestamp | undefined): number {
  return time === undefined ? NaN : timestampMs(time);
}

function actionOf(name: string) {
  return { run: { ...SCOPE, name }, name: 'a0' };
}

function spec(
  name = 'bench.line',
  script = SCRIPT,
  variables: MessageInitShape<typeof VariableMapSchema>['variables'] = [],
): TaskSpec {
  const container = { command: ['/bin/sh', '-c', script, 'sh'], args: ['{{.outputPrefix}}'] };
  const init: MessageInitShape<typeof TaskSpecSchema> = {
    taskTemplate: {
      ...{ id: { ...SCOPE, name, version: 'v1' }, type: 'shell', interface: { inputs: { variables } } },
      target: { case: 'container', value: container },
    },
    shortName: 'line',
  };
  return create(TaskSpecSchema, init);
}
