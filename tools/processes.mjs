// @ts-check
// Child processes and waiting, for `npm start` and `npm run demo`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
/** Where `npm start` keeps the control plane's state, and `npm run token` looks for it. */
export const STATE = process.env['FLYTE_LOCAL_STATE'] || join(root, '.flyte-local');

const READY_WITHIN_MS = 30_000;

/** @typedef {ReturnType<typeof start>} Child */

/**
 * @param {string} name for messages
 * @param {string[]} args of node
 * @param {Record<string, string>} env beside this process's own
 * @param {'inherit' | 'pipe'} output where its lines go; piped, they are kept in `lines`
 */
function start(name, args, env, output) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    // Tasks run as `nestjs-flyte action`: the control plane looks for that in PATH, as a container would.
    env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter), ...env },
    stdio: ['ignore', output, output],
  });
  /** @type {string[]} */
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => lines.push(String(data)));
  const ended = once(child, 'exit');
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    name,
    lines,
    ended,
    isRunning,
    /** @param {NodeJS.Signals} signal */
    async stop(signal = 'SIGTERM') {
      if (isRunning()) child.kill(signal);
      await ended;
    },
  };
}

/**
 * The control plane.
 * @param {{ port: number, state?: string, output?: 'inherit' | 'pipe' }} options
 */
export function startPlane({ port, state, output = 'inherit' }) {
  const bin = 'libs/flyte-local/bin/nestjs-flyte-local.js';
  return start('control plane', [bin, '--port', String(port), ...(state ? ['--state', state] : [])], {}, output);
}

/**
 * The sample app.
 * @param {{ port: number, endpoint?: string, llm?: string, output?: 'inherit' | 'pipe' }} options
 */
export function startSample({ port, endpoint, llm, output = 'inherit' }) {
  const env = { PORT: String(port), ...(endpoint && { FLYTE_ENDPOINT: endpoint }), ...(llm && { LLM_URL: llm }) };
  return start('app', ['dist/src/main.js'], env, output);
}

/**
 * Waits until a child answers.
 * @param {Child} child
 * @param {string} url answers 200 once it is ready
 * @throws Error if it ends or takes too long
 */
export async function ready(child, url) {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (!child.isRunning())
      throw new Error(`The ${child.name} ended before it was ready.\n${child.lines.join('')}`.trim());
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`The ${child.name} did not answer at ${url} within ${READY_WITHIN_MS / 1000} seconds.`);
}

/** @returns {Promise<number>} a port that nothing listens on */
export async function freePort() {
  return listenBriefly(0);
}

/**
 * @param {number} port
 * @param {string} variable the one that sets it, for the message
 * @throws Error if something listens there: it would be taken for what is about to start
 */
export async function assertFree(port, variable) {
  try {
    await listenBriefly(port);
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const problem = taken ? `Port ${port} is taken` : `Port ${port} can't be listened on`;
    throw new Error(`${problem}. End what listens there, or set ${variable} to another one.`, { cause: error });
  }
}

/** @param {number} port */
async function listenBriefly(port) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('unreachable');
  return address.port;
}
