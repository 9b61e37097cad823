import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, createSecureServer, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { Controller, Get } from '@nestjs/common';
import {
  FlyteModule,
  InjectTask,
  ProjectService,
  RunService,
  Task,
  TaskEnvironment,
  TaskHandle,
  Tasks,
  TaskService,
  UserService,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../flyte-local/support.js';
import { LogLines, startApp } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Tasks(new TaskEnvironment({ name: 'own' }))
class Own {
  @Task() tidy() {
    void 0;
  }
}

@Controller()
class Calls {
  constructor(
    private readonly users: UserService,
    private readonly runs: RunService,
    private readonly projects: ProjectService,
    private readonly tasks: TaskService,
    @InjectTask(Own, 'tidy') private readonly tidy: TaskHandle<Own['tidy']>,
  ) {}
  @Get('tidy') async start() {
    return { run: (await this.tidy.run()).name };
  }
  @Get('deploy') async deploy() {
    return { tasks: (await this.tasks.deploy()).length };
  }
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
/** A plane that was started in another folder than the app. */
let elsewhere: LocalControlPlane;
const certificate = selfSigned();
const servers: NetServer[] = [];
/** Starts a server that is no Flyte. @returns its host and port */
async function started(server: NetServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const html = (status: number) => (_: unknown, response: ServerResponse | Http2ServerResponse) => {
  response.statusCode = status;
  response.setHeader('content-type', 'text/html');
  response.end('<h1>welcome</h1>');
};
beforeAll(async () => {
  [plane, elsewhere] = await Promise.all([startPlane(), startPlane({ workingDirectory: tmpdir() })]);
});
afterAll(async () => {
  for (const server of servers) server.close();
  await Promise.all([plane.close(), elsewhere.close()]);
});

async function answer(options: FlyteModuleOptions, path: string) {
  const logger = new LogLines();
  const given: FlyteModuleOptions = {
    endpoint: plane.url,
    project: 'flytesnacks',
    domain: 'development',
    passthrough: true,
    retries: 0,
    ...options,
  };
  const imports = [FlyteModule.forRoot(given), FlyteModule.forFeature([Own])];
  await using app = await startApp({ imports, controllers: [Calls], logger });
  const { status, text } = await ask(app.url, path, {
    headers: bearer(await (given.endpoint === elsewhere.url ? elsewhere : plane).token('alice')),
  });
  return { status, text, log: logger.lines.join('\n') };
}

// A file that is there, and exports no such thing.
const WRONG_EXPORT = { module: 'vitest.config.ts#Nobody' };

const MISTAKES: Record<
  string,
  [path: string, status: number, log: RegExp, options: () => FlyteModuleOptions | Promise<FlyteModuleOptions>]
> = {
  'passthrough forgotten': ['/me', 500, /without credentials.*"passthrough: true"/, () => ({ passthrough: false })],
  'credentials of the app that are refused': [
    '/me',
    500,
    /[^.]\. It was called with what the option "credentials" of FlyteModule gave/,
    () => ({ passthrough: false, credentials: () => ({ authorization: 'Bearer stale-token-0123' }) }),
  ],
  'a project that is not there': [
    '/project',
    500,
    /given the project "no-such-project": correct its option "project"/,
    () => ({ project: 'no-such-project' }),
  ],
  '"tasks" forgotten': ['/tidy', 500, /"own.tidy" has no version.*"tasks: \{ module \}"/, () => ({})],
  'a "tasks.version" that was never deployed': [
    '/tidy',
    500,
    /"own.tidy" has no version "v99" in flytesnacks\/development, which "tasks.version" names: deploy it/,
    () => ({ tasks: { version: 'v99' } }),
  ],
  'an export of "tasks.module" that is not there': [
    '/tidy',
    500,
    /vitest\.config\.ts has no export "Nobody"\. It exports default\..*"tasks\.module"/,
    () => ({ tasks: WRONG_EXPORT }),
  ],
  'the same, where the tasks are deployed': ['/deploy', 500, /no export "Nobody"/, () => ({ tasks: WRONG_EXPORT })],
  'a control plane that was started in another folder': [
    '/tidy',
    500,
    /has no file \/.*--working-directory/,
    () => ({ tasks: WRONG_EXPORT, endpoint: elsewhere.url }),
  ],
  'TLS to a plaintext port': [
    '/me',
    502,
    /does not speak TLS.*"http:\/\/"/,
    () => ({ endpoint: plane.url.replace('http:', 'https:') }),
  ],
  'a web server that speaks HTTP/1.1': [
    '/me',
    503,
    /does not speak HTTP\/2/,
    async () => ({ endpoint: `http://${await started(createServer(html(404)))}` }),
  ],
  'a web server that answers 404': [
    '/me',
    501,
    /as no Flyte does: see whether "endpoint"/,
    async () => ({ endpoint: `http://${await started(createHttp2Server(html(404)))}` }),
  ],
  'a web server that answers 200': [
    '/me',
    502,
    /as no Flyte does: see whether "endpoint"/,
    async () => ({ endpoint: `http://${await started(createHttp2Server(html(200)))}` }),
  ],
  'the same, asked by gRPC': [
    '/me',
    502,
    /as no Flyte does: see whether "endpoint"/,
    async () => ({ protocol: 'grpc', endpoint: `http://${await started(createHttp2Server(html(200)))}` }),
  ],
  'a web server that answers 404, asked by gRPC': [
    '/me',
    501,
    /as no Flyte does: see whether "endpoint"/,
    async () => ({ protocol: 'grpc', endpoint: `http://${await started(createHttp2Server(html(404)))}` }),
  ],
};

describe('a mistake of the operator is logged with its fix, and no caller is blamed', () => {
  it.each(Object.entries(MISTAKES))('%s', async (_what, [path, status, log, options]) => {
    const { status: seen, text, log: logged } = await answer(await options(), path);
    expect([seen, logged]).toEqual([status, expect.stringMatching(log)]);
    expect(text).not.toMatch(/passthrough|credentials|project|endpoint|module|welcome|Nobody/);
  });

  it('plaintext to a port that wants TLS', async ({ skip }) => {
    if (!certificate) skip('there is no openssl to make a certificate with');
    const server = createSecureServer({ ...certificate }, html(200));
    const { status, text, log } = await answer({ endpoint: `http://${await started(server)}` }, '/me');
    expect([status, log]).toEqual([503, expect.stringMatching(/wants (?:TLS.*)?"https:\/\/"/)]);
    expect(text).not.toMatch(/https|endpoint/);
  });

  it('but a run that is not there is what the caller asked for', async () => {
    expect((await answer({}, '/run')).status).toBe(404);
  });
});
