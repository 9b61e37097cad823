// @ts-check
// `npm run demo`: the story of the README, with real processes and real HTTP calls. Exits with 0 only if every step held.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from 'nestjs-flyte-local';
import { demoFanOut } from './demo-fan-out.mjs';
import { demoTasks, startLlm } from './demo-tasks.mjs';
import { freePort, ready, startPlane, startSample } from './processes.mjs';

const INTERLEAVED = 200;

const state = await mkdtemp(join(tmpdir(), 'nestjs-flyte-demo-'));
const [planePort, appPort] = [await freePort(), await freePort()];
const planeUrl = `http://127.0.0.1:${planePort}`;
const app = `http://127.0.0.1:${appPort}`;
let plane = startPlane({ port: planePort, state, output: 'pipe' });
const llm = await startLlm();
const sample = startSample({ port: appPort, endpoint: planeUrl, llm: llm.url, output: 'pipe' });
/** What ended children printed. */
let before = '';
const printed = () => [before, ...plane.lines, ...sample.lines].join('');

/** @param {string} method @param {string} path @param {string} [token] @param {object} [body] */
async function call(method, path, token, body) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(app + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
/** @param {string} path @param {string} [token] */
const get = (path, token) => call('GET', path, token);

/** @param {string} token @returns {Promise<string>} who the app says the caller is */
async function who(token) {
  const { status, text } = await get('/me', token);
  assert.equal(status, 200, text);
  return /** @type {{ subject: string }} */ (JSON.parse(text)).subject;
}

let steps = 0;
/** @param {string} what @param {() => Promise<string>} check resolves to what was seen */
async function step(what, check) {
  const seen = await check();
  console.log(`${String(++steps).padStart(2)}. ${what}\n    ${seen}`);
}

try {
  await step('The control plane and the app start, on free ports', async () => {
    await Promise.all([ready(plane, `${planeUrl}/healthz`), ready(sample, `${app}/health`)]);
    return `${planeUrl} and ${app}`;
  });
  const alice = await mintToken({ state, subject: 'alice', name: 'Alice' });
  const bob = await mintToken({ state, subject: 'bob', name: 'Bob' });

  await step('GET /health is open', async () => {
    const { status, text } = await get('/health');
    assert.equal(status, 200);
    return `${status} ${text}`;
  });
  await step('GET /me without credentials is refused', async () => {
    const { status, headers, text } = await get('/me');
    assert.equal(status, 401);
    assert.equal(headers.get('www-authenticate'), 'Bearer');
    return `${status} ${text}`;
  });
  await step('alice and bob are each seen as themselves', async () => {
    const [one, two] = [await get('/me', alice), await get('/me', bob)];
    assert.deepEqual(JSON.parse(one.text), { subject: 'alice', name: 'Alice' });
    assert.deepEqual(JSON.parse(two.text), { subject: 'bob', name: 'Bob' });
    return `${one.text} and ${two.text}`;
  });
  await step(`${INTERLEAVED} of their requests at once, none crossed`, async () => {
    const started = performance.now();
    const expected = Array.from({ length: INTERLEAVED }, (_, i) => (i % 2 === 0 ? 'alice' : 'bob'));
    const seen = await Promise.all(expected.map((name) => who(name === 'alice' ? alice : bob)));
    assert.deepEqual(seen, expected);
    return `${seen.length} right answers in ${Math.round(performance.now() - started)} ms`;
  });
  await step('GET /projects shows what alice may see', async () => {
    const { status, text } = await get('/projects', alice);
    assert.equal(status, 200, text);
    assert.match(text, /flytesnacks/);
    return text;
  });
  await step('GET /me/stream asks anew at each tick', async () => {
    const answer = await fetch(`${app}/me/stream`, { headers: { authorization: `Bearer ${bob}` } });
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.split('data: {"subject":"bob"}').length > 2) break;
    }
    assert.doesNotMatch(text, /alice/);
    return 'two ticks, both bob';
  });
  await step('A forged token is refused', async () => {
    const [header, , signature] = alice.split('.');
    const [, body] = (await mintToken({ state, subject: 'root', name: 'Root' })).split('.');
    const { status, text } = await get('/me', `${header}.${body}.${signature}`);
    assert.equal(status, 401);
    return `${status} ${text}`;
  });
  await step('The control plane is killed: the app says so, and stays up', async () => {
    await plane.stop('SIGKILL');
    const [me, health] = [await get('/me', alice), await get('/health')];
    assert.deepEqual([me.status, health.status], [503, 200]);
    return `/me ${me.status}, /health ${health.status}`;
  });
  await step(
    'The control plane comes back: alice’s old token is good again, without a restart of the app',
    async () => {
      plane = startPlane({ port: planePort, state, output: 'pipe' });
      await ready(plane, `${planeUrl}/healthz`);
      const name = await who(alice);
      assert.equal(name, 'alice');
      return `200 ${name}`;
    },
  );
  const limited = await mintToken({ state, subject: 'bob', projects: ['another'] });
  await demoTasks({ step, call, alice, limited, llmKey: llm.key, state, printed });

  await demoFanOut({
    ...{ step, call, alice, planeUrl },
    killPlane: async () => {
      await plane.stop('SIGKILL');
      before += plane.lines.join('');
      plane = startPlane({ port: planePort, state, output: 'pipe' });
      await ready(plane, `${planeUrl}/healthz`);
    },
  });

  await step('No token stands in what the two processes printed', async () => {
    for (const token of [alice, bob]) assert.ok(!printed().includes(token.slice(-40)), 'a token was printed');
    return `${printed().length} characters searched`;
  });
  console.log(`\nAll ${steps} steps held.`);
} catch (error) {
  console.error(`\nStep ${steps + 1} did not hold: ${error instanceof Error ? error.message : String(error)}`);
  console.error(printed());
  process.exitCode = 1;
} finally {
  await Promise.all([plane.stop(), sample.stop()]);
  llm.close();
  await rm(state, { recursive: true, force: true });
}
