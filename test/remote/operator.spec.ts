import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get } from '@nestjs/common';
import { FlyteModule, ProjectService, RunService, UserService, type FlyteModuleOptions } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogLines, startApp } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Controller()
class Calls {
  constructor(
    private readonly users: UserService,
    private readonly runs: RunService,
    private readonly projects: ProjectService,
  ) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
  @Get('project') async project() {
    return this.projects.get();
  }
  @Get('run') async run() {
    return this.runs.get('r-nobody-made');
  }
}

let plane: LocalControlPlane;
const html = createServer((_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>'));
let website = '';
beforeAll(async () => {
  plane = await startPlane();
  await new Promise<void>((resolve) => html.listen(0, '127.0.0.1', resolve));
  website = `127.0.0.1:${(html.address() as AddressInfo).port}`;
});
afterAll(async () => {
  html.close();
  await plane.close();
});

async function answer(options: FlyteModuleOptions, path: string) {
  const logger = new LogLines();
  const given = { endpoint: plane.url, project: 'flytesnacks', domain: 'development', retries: 0, ...options };
  await using app = await startApp({ imports: [FlyteModule.forRoot(given)], controllers: [Calls], logger });
  const { status, text } = await ask(app.url, path, { headers: bearer(await plane.token('alice')) });
  return { status, text, log: logger.lines.join('\n') };
}

describe('a mistake of the operator is logged with its fix, and no caller is blamed', () => {
  it.each<[what: string, options: () => FlyteModuleOptions, path: string, status: number, log: RegExp]>([
    ['passthrough forgotten', () => ({}), '/me', 500, /without credentials.*"passthrough: true"/],
    [
      'credentials of the app that are refused',
      () => ({ credentials: () => ({ authorization: 'Bearer stale-token-0123' }) }),
      '/me',
      500,
      /what the option "credentials" of FlyteModule gave/,
    ],
    [
      'a project that is not there',
      () => ({ passthrough: true, project: 'no-such-project' }),
      '/project',
      500,
      /given the project "no-such-project": correct its option "project"/,
    ],
    [
      'TLS to a plaintext port',
      () => ({ passthrough: true, endpoint: plane.url.replace('http:', 'https:') }),
      '/me',
      502,
      /does not speak TLS.*"http:\/\/"/,
    ],
    [
      'no Flyte at all',
      () => ({ passthrough: true, endpoint: `http://${website}` }),
      '/me',
      503,
      /does not speak HTTP\/2/,
    ],
  ])('%s', async (_what, options, path, status, log) => {
    const { status: seen, text, log: logged } = await answer(options(), path);
    expect([seen, logged]).toEqual([status, expect.stringMatching(log)]);
    expect(text).not.toMatch(/passthrough|credentials|project|endpoint/);
  });

  it('but a run that is not there is what the caller asked for', async () => {
    expect((await answer({ passthrough: true }, '/run')).status).toBe(404);
  });
});
