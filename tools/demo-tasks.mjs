// @ts-check
// The part of the demo in which tasks run with secrets.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RUN_WITHIN_MS = 60_000;

/** The service that `LlmTasks.summarize` calls: it wants the key. */
export async function startLlm() {
  const key = `sk-demo-${randomBytes(24).toString('hex')}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${key}`) return response.writeHead(401).end();
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      const { text } = /** @type {{ text: string }} */ (JSON.parse(body));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ summary: `${text.split(' ').length} words` }));
    });
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('unreachable');
  return { url: `http://127.0.0.1:${address.port}`, key, close: () => server.close() };
}

/**
 * @param {{
 *   step: (what: string, check: () => Promise<string>) => Promise<void>,
 *   call: (method: string, path: string, token: string, body?: object) => Promise<{ status: number, text: string }>,
 *   alice: string,
 *   limited: string,
 *   llmKey: string,
 *   state: string,
 *   printed: () => string,
 * }} demo
 */
export async function demoTasks({ step, call, alice, limited, llmKey, state, printed }) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  /** @type {string[]} */
  const answers = [];
  /** @param {string} method @param {string} path @param {object} [body] */
  const asAlice = async (method, path, body) => {
    const answer = await call(method, path, alice, body);
    answers.push(answer.text);
    return answer;
  };
  /** @param {string} task @param {object} inputs */
  const run = async (task, inputs) => {
    const { status, text } = await asAlice('POST', `/runs/${task}`, inputs);
    assert.equal(status, 201, text);
    const { name } = /** @type {{ name: string }} */ (JSON.parse(text));
    const deadline = Date.now() + RUN_WITHIN_MS;
    for (;;) {
      const { text: answer } = await asAlice('GET', `/runs/${name}`);
      const info = /** @type {{ name: string, phase: string, done: boolean, error?: { message: string } }} */ (
        JSON.parse(answer)
      );
      if (info.done) return info;
      assert.ok(Date.now() < deadline, `the run ${name} is ${info.phase} still`);
      await sleep(100);
    }
  };
  /** @param {string} name @returns {Promise<{ outputs: Record<string, string> }>} */
  const io = async (name) => {
    const { status, text } = await asAlice('GET', `/runs/${name}/io`);
    assert.equal(status, 200, text);
    return /** @type {{ outputs: Record<string, string> }} */ (JSON.parse(text));
  };

  await step('A run without its secret fails before any process starts, and says what to do', async () => {
    const { phase, error } = await run('signing.sign', { text: 'hello' });
    assert.equal(phase, 'failed');
    assert.match(error?.message ?? '', /signing-key/);
    return error?.message ?? '';
  });
  await step('An unknown task is a 404, a wrong input a 400 that names the field', async () => {
    const [unknown, wrong] = [
      await asAlice('POST', '/runs/no.such', {}),
      await asAlice('POST', '/runs/signing.sign', { text: 7 }),
    ];
    assert.deepEqual([unknown.status, wrong.status], [404, 400]);
    assert.match(wrong.text, /text/);
    return `${unknown.status} ${unknown.text}\n    ${wrong.status} ${wrong.text}`;
  });
  await step('alice stores both secrets', async () => {
    const stored = [
      await asAlice('PUT', '/secrets/signing-key', { value: pem }),
      await asAlice('PUT', '/secrets/openai-key', { value: llmKey }),
    ];
    assert.deepEqual(
      stored.map(({ status }) => status),
      [204, 204],
      stored.map(({ text }) => text).join(),
    );
    return (await asAlice('GET', '/secrets')).text;
  });
  await step('signing.sign signs with the key from its file; the signature verifies', async () => {
    const { name, phase, error } = await run('signing.sign', { text: 'hello' });
    assert.equal(phase, 'succeeded', error?.message);
    const { signature = '' } = (await io(name)).outputs;
    assert.ok(
      verify(null, Buffer.from('hello'), publicKey, Buffer.from(signature, 'base64')),
      'the signature is wrong',
    );
    return `${name}: ${signature}`;
  });
  await step('llm.summarize calls a service with the key from its variable', async () => {
    const { name, phase, error } = await run('llm.summarize', { text: 'three words here' });
    assert.equal(phase, 'succeeded', error?.message);
    const { outputs } = await io(name);
    assert.deepEqual(outputs, { summary: '3 words' });
    return `${name}: ${JSON.stringify(outputs)}`;
  });
  await step('bob, whose token names another project, may neither run, nor read, nor list secrets', async () => {
    const refused = [
      await call('POST', '/runs/signing.sign', limited, { text: 'x' }),
      await call('GET', '/secrets', limited),
      await call('PUT', '/secrets/signing-key', limited, { value: 'x' }),
    ];
    assert.deepEqual(
      refused.map(({ status }) => status),
      [403, 403, 403],
    );
    return `403 three times: ${refused[0]?.text ?? ''}`;
  });
  await step('Neither secret stands in a log, in a file of the control plane, or in an answer', async () => {
    const files = (await readdir(state, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const kept = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
    const haystack = Buffer.concat([...kept, Buffer.from(printed()), Buffer.from(answers.join('\n'))]);
    const body = pem.split('\n')[1] ?? '';
    for (const secret of [llmKey, body, Buffer.from(pem).toString('base64'), Buffer.from(llmKey).toString('hex')]) {
      assert.ok(secret.length > 20 && !haystack.includes(secret), 'a secret was found');
    }
    return `${haystack.length} bytes searched, ${files.length} files among them`;
  });
}
