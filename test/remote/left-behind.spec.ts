import { spawn } from 'node:child_process';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientsFor, DOMAIN, PROJECT, shellTask, startRun } from '../flyte-local/execution-support.js';
import { startPlane } from '../support/plane.js';

// A script of a user: an app's context, some way to follow a run, and nothing that would end the process.
const SCRIPT = `
import { NestFactory } from '@nestjs/core';
import { createClient } from '@connectrpc/connect';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';

const { ENDPOINT, TOKEN, PROJECT, DOMAIN, DONE, ENDLESS, WAY, CLOSE } = process.env;
const imports = [FlyteModule.forRoot({ endpoint: ENDPOINT, project: PROJECT, domain: DOMAIN })];
const app = await NestFactory.createApplicationContext({ module: class AppModule {}, imports }, { logger: false });
const flyte = app.get(FlyteClient);
const runs = createClient(RunService, flyte.transport);
const endless = { actionId: { run: { project: PROJECT, domain: DOMAIN, name: ENDLESS }, name: 'a0' } };
const waysToFollow = {
  outputs: () => flyte.runs.outputs(DONE),
  // The end of a stream and its reader’s leaving meet in any order.
  'many outputs': () => Promise.all(Array.from({ length: 50 }, () => flyte.runs.outputs(DONE))),
  'outputs, and the logs': async () => {
    for await (const line of flyte.runs.logs(DONE)) void line;
    await flyte.runs.outputs(DONE);
  },
  'a watch that is left': async () => {
    for await (const seen of flyte.runs.watch(ENDLESS)) if (seen.name) break;
  },
  'logs that are left': async () => {
    for await (const line of flyte.runs.logs(ENDLESS)) if (line.message) break;
  },
  'a wait that takes too long': () => flyte.runs.wait(ENDLESS, { timeoutMs: 50 }).catch(({ code }) => code),
  'a wait that the end of the app ends': async () => {
    const waiting = flyte.runs.wait(ENDLESS).catch(({ code }) => console.log('waiting ended:', code));
    await flyte.runs.get(ENDLESS);
    await app.close();
    await waiting;
  },
  'a stream of a client of its own that is left': async () => {
    for await (const { details } of runs.watchActionDetails(endless)) if (details) break;
  },
  'a stream that nobody reads': async () => {
    runs.watchActionDetails(endless);
    await flyte.runs.get(ENDLESS);
  },
};
await authMetadata({ authorization: 'Bearer ' + TOKEN }, waysToFollow[WAY]);
if (CLOSE) await app.close();
console.log('done');
process.once('beforeExit', () => console.log('ends by itself'));
// Tells what is left, where something is. It keeps nothing alive itself.
setTimeout(() => {
  console.log('still there:', ...process.getActiveResourcesInfo());
  process.exit(1);
}, 60_000).unref();
`;

let plane: LocalControlPlane;
let env: Record<string, string>;
beforeAll(async () => {
  plane = await startPlane();
  const clients = await clientsFor(plane);
  const [done, endless] = [
    await startRun(clients, shellTask('echo hello; finish')),
    await startRun(clients, shellTask('echo hello; sleep 600')),
  ];
  const runs = { DONE: done.name, ENDLESS: endless.name };
  env = { ENDPOINT: plane.url, TOKEN: await plane.token('alice'), PROJECT, DOMAIN, ...runs };
});
afterAll(() => plane.close());

const CLOSED = 'and the app is closed';
const NOT_CLOSED = 'though nothing closes the app';

it.each([
  ['outputs', CLOSED],
  ['outputs', NOT_CLOSED],
  ['many outputs', NOT_CLOSED],
  ['outputs, and the logs', NOT_CLOSED],
  ['a watch that is left', CLOSED],
  ['a watch that is left', NOT_CLOSED],
  ['logs that are left', NOT_CLOSED],
  ['a wait that takes too long', NOT_CLOSED],
  ['a wait that the end of the app ends', CLOSED],
  ['a stream of a client of its own that is left', CLOSED],
  ['a stream that nobody reads', CLOSED],
])('a script ends by itself after %s, %s', async (way, close) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    env: { PATH: process.env['PATH'], ...env, WAY: way, CLOSE: close === CLOSED ? 'yes' : '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  const ended = way.startsWith('a wait that the end') ? 'waiting ended: canceled\n' : '';
  expect([code, said.join('')]).toEqual([0, `${ended}done\nends by itself\n`]);
});
