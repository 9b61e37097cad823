// @ts-check
// The part of the demo in which a task calls tasks, is killed in the middle, and goes on.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';

const ITEMS = 12;
const WITHIN_MS = 120_000;

/**
 * @param {{
 *   step: (what: string, check: () => Promise<string>) => Promise<void>,
 *   call: (method: string, path: string, token: string, body?: object) => Promise<{ status: number, text: string }>,
 *   alice: string,
 *   planeUrl: string,
 *   killPlane: () => Promise<void>,
 * }} demo `killPlane` kills the control plane, and with it all that runs on it, and starts it anew
 */
export async function demoFanOut({ step, call, alice, planeUrl, killPlane }) {
  const flyte = createClient(RunService, createConnectTransport({ baseUrl: planeUrl, httpVersion: '2' }));
  const headers = { authorization: `Bearer ${alice}` };
  let run = '';
  /** What the order has called, by its phase. */
  const children = async () => {
    const runId = { org: '', project: 'flytesnacks', domain: 'development', name: run };
    const { actions } = await flyte.listActions({ runId, request: { limit: 100 } }, { headers });
    return actions.filter(({ id }) => id?.name !== 'a0');
  };
  /** @param {ActionPhase} phase */
  const inPhase = async (phase) => (await children()).filter(({ status }) => status?.phase === phase);
  /** @param {() => Promise<boolean>} check @param {string} what */
  const until = async (check, what) => {
    for (const deadline = Date.now() + WITHIN_MS; !(await check()); await sleep(50))
      assert.ok(Date.now() < deadline, `still not: ${what}`);
  };
  /** @type {string[]} */
  let packed = [];

  await step(`orders.ship has ${ITEMS} items packed as children of its run, and is killed in the middle`, async () => {
    const ids = Array.from({ length: ITEMS }, (_, at) => `item-${at}`);
    const { status, text } = await call('POST', '/runs/orders.ship', alice, { ids });
    assert.equal(status, 201, text);
    run = /** @type {{ name: string }} */ (JSON.parse(text)).name;
    await until(async () => (await inPhase(ActionPhase.SUCCEEDED)).length >= 3, 'three items are packed');
    await killPlane();
    packed = (await inPhase(ActionPhase.SUCCEEDED)).map(({ id }) => id?.name ?? '');
    assert.ok(packed.length >= 3 && packed.length < ITEMS, `${packed.length} are packed`);
    return `${run}: ${packed.length} of ${ITEMS} were packed when everything died`;
  });
  await step('It goes on: what was packed is not packed again, and the order waits for a manager', async () => {
    await until(async () => (await inPhase(ActionPhase.PAUSED)).length === 1, 'the order waits');
    const items = await inPhase(ActionPhase.SUCCEEDED);
    assert.equal(items.length, ITEMS);
    const again = items.filter(({ id, status }) => packed.includes(id?.name ?? '') && status?.attempts !== 1);
    assert.deepEqual(again, []);
    const tries = items.reduce((sum, { status }) => sum + (status?.attempts ?? 0), 0);
    return `${items.length} items, ${tries} attempts: those that died were tried again`;
  });
  await step('alice approves, as herself; once', async () => {
    const answers = [true, false].map((ok) => () => call('POST', `/runs/${run}/approval`, alice, { ok }));
    const [first, second] = [await answers[0]?.(), await answers[1]?.()];
    assert.deepEqual([first?.status, second?.status], [201, 400], `${first?.text} ${second?.text}`);
    return `${first?.status}, then ${second?.status} ${second?.text}`;
  });
  await step('The run ends with every parcel, in the order of the items', async () => {
    await until(
      async () => /** @type {{ done: boolean }} */ (JSON.parse((await call('GET', `/runs/${run}`, alice)).text)).done,
      'it has ended',
    );
    const { status, text } = await call('GET', `/runs/${run}/io`, alice);
    assert.equal(status, 200, text);
    const { outputs } = /** @type {{ outputs: { parcels: string[], note: string } }} */ (JSON.parse(text));
    assert.deepEqual(
      outputs.parcels.map((parcel) => parcel.split(' in ')[0]),
      Array.from({ length: ITEMS }, (_, at) => `item-${at}`),
    );
    assert.match(outputs.note, /^shipped on /);
    return `${outputs.parcels.length} parcels, ${outputs.note}`;
  });
}
