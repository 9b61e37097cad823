// @ts-check
// `npm start`: the control plane and the app, until Ctrl-C.
import { mintToken } from 'nestjs-flyte-local';
import { assertFree, ready, startPlane, startSample, STATE as state } from './processes.mjs';

const planePort = Number(process.env['FLYTE_LOCAL_PORT'] || 8090);
const appPort = Number(process.env['PORT'] || 3000);
const plane = `http://127.0.0.1:${planePort}`;
const app = `http://127.0.0.1:${appPort}`;

/** @type {import('./processes.mjs').Child[]} */
const children = [];
let stopping = false;
async function stop() {
  stopping = true;
  // The app first: it may still be asking the plane.
  for (const child of children.toReversed()) await child.stop();
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => void stop());

try {
  await assertFree(planePort, 'FLYTE_LOCAL_PORT');
  await assertFree(appPort, 'PORT');
  children.push(startPlane({ port: planePort, state }));
  await ready(/** @type {import('./processes.mjs').Child} */ (children[0]), `${plane}/healthz`);
  children.push(startSample({ port: appPort, endpoint: plane }));
  await ready(/** @type {import('./processes.mjs').Child} */ (children[1]), `${app}/health`);
  const token = await mintToken({ state, subject: 'alice', name: 'Alice' });
  console.log(`
Control plane  ${plane}
App            ${app}      (API: ${app}/docs)
A token for alice, good for an hour on this control plane only:

${token}

Try:

curl -H "Authorization: Bearer ${token}" ${app}/me

Ctrl-C ends both.`);
  await Promise.race(children.map(({ ended }) => ended));
  if (!stopping) throw new Error('One of the two ended; ending the other.');
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
} finally {
  await stop();
}
