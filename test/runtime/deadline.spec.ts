import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { ContainerError_Kind } from 'nestjs-flyte/idl/core/execution';
import type { GetActionDetailsRequest } from 'nestjs-flyte/idl/workflow/run_service';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act, buildApp } from './support.js';

const root = buildApp();
const asked: GetActionDetailsRequest['actionId'][] = [];
/** When the action of a run began, in milliseconds; none for a run that is not there. */
const starts = new Map<string, number>([['r-late', Date.now() - 600_000]]);
const flyte = createServer(
  connectNodeAdapter({
    routes: (router) =>
      router.service(RunService, {
        getActionDetails({ actionId }) {
          asked.push(actionId);
          const start = starts.get(actionId?.run?.name ?? '');
          if (start === undefined) throw new ConnectError('no such action', Code.NotFound);
          return { details: { status: { startTime: timestampFromMs(start) } } };
        },
      }),
  }),
);
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    flyte.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => flyte.close());

const late = (run: string) => {
  const { port } = flyte.address() as AddressInfo;
  const env = { RUN_NAME: run, _U_EP_OVERRIDE: `127.0.0.1:${port}`, _U_INSECURE: 'true', _U_ORG_NAME: 'acme' };
  return { root, task: 'demo.late', inputs: {}, env, signals: [{ signal: 'SIGTERM' as const, after: 'in time' }] };
};

describe('the deadline of a task', () => {
  it('counts from when Flyte took up the action: past it, nothing begins, and nothing is tried again', async () => {
    const { code, error, log } = await act(late('r-late'));
    expect(code).toBe(0);
    expect(error).toMatchObject({ code: 'DeadlineExceeded', kind: ContainerError_Kind.NON_RECOVERABLE });
    expect(log).not.toContain('in time');
    const run = { org: 'acme', project: 'p1', domain: 'development', name: 'r-late' };
    expect(asked).toMatchObject([{ run, name: 'a0' }]);
  });

  it('counts from the start of the attempt where Flyte does not tell, and the log says so', async () => {
    const { code, log } = await act(late('r-unknown'));
    expect(code).toBe(143);
    expect(log).toMatch(/The deadline counts from the start of this attempt, .*no such action/);
  });
});
