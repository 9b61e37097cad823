import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startPlane } from '../support/plane.js';
import { startFastApiApps, type FastApiApps } from './requests/fastapi-apps.js';
import { startNestApps, type NestApps } from './requests/nest-apps.js';
import { answerHere, answerOfFastApi } from './requests/row.js';
import { send, type Tokens } from './requests/send.js';
import { TABLE } from './requests/table.js';

// One plane, two apps in front of it, and the same bytes to both.
describe('a request', () => {
  let plane: LocalControlPlane;
  let fastapi: FastApiApps;
  let here: NestApps;
  let tokens: Tokens;
  beforeAll(async () => {
    const { key, cert, ca, caFile } = inject('certificate');
    plane = await startPlane({ tls: { key, cert } });
    fastapi = await startFastApiApps(`dns:///127.0.0.1:${plane.port}`, caFile);
    here = await startNestApps(`dns:///127.0.0.1:${plane.port}`, ca);
    tokens = { ALICE: await plane.token('alice'), BOB: await plane.token('bob') };
  });
  afterAll(async () => {
    await here[Symbol.asyncDispose]();
    await fastapi[Symbol.asyncDispose]();
    await plane.close();
  });

  it.each(TABLE)('with $what', async (row) => {
    const app = row.app ?? 'plain';
    const answers = {
      fastapi: await send(fastapi.ports[app], row, tokens),
      here: await send(here.ports[app], row, tokens),
    };
    expect(answers).toEqual({ fastapi: answerOfFastApi(row), here: answerHere(row) });
  });
});
