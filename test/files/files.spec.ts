import {
  mkdirSync,
  openSync,
  closeSync,
  ftruncateSync,
  writeFileSync,
  readdirSync,
  rmSync,
  mkdtempSync,
} from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { Controller, Put, Req } from '@nestjs/common';
import { authMetadata, FileService, FlyteClient, FlyteDir, FlyteFile, FlyteModule } from 'nestjs-flyte';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotApart } from '../flyte-local/execution-support.js';
import { explainSkip } from '../flyte-local/support.js';
import { ADAPTERS, LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { ByteTasks } from './app/words.tasks.js';
import { startFilesPlane } from './support.js';

const MIB = 1024 * 1024;
const notApart = await whyNotApart();
explainSkip(notApart !== undefined, `a test of files of other projects: ${notApart}`);

describe('files', () => {
  let plane: LocalControlPlane;
  let running: Running;
  let flyte: FlyteClient;
  let folder: string;
  let alice: { authorization: string };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'files-'));
    plane = await startFilesPlane();
    const root = FlyteModule.forRoot({
      ...{ passthrough: true, endpoint: plane.url, project: 'flytesnacks', domain: 'development' },
      tasks: { module: './dist/tasks.module.js#TasksModule' },
    });
    running = await startApp({ imports: [root] });
    flyte = running.app.get(FlyteClient);
    alice = bearer(await plane.token('alice', { projects: ['flytesnacks'] }));
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    await plane.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const asAlice = <T>(act: () => Promise<T>): Promise<T> => authMetadata(alice, act);

  it('a directory goes into a task, and another one comes out', async () => {
    const from = join(folder, 'from');
    mkdirSync(join(from, 'deep'), { recursive: true });
    writeFileSync(join(from, 'a.txt'), 'first');
    writeFileSync(join(from, 'deep/b.txt'), 'second');
    await asAlice(async () => {
      const dir = await flyte.files.uploadDir(from);
      expect(dir).toBeInstanceOf(FlyteDir);
      const copied = await flyte.task(ByteTasks, 'copy').call({ dir });
      expect(copied.names).toEqual(['a.txt: first', 'b.txt: second']);
      const again = await flyte.task(ByteTasks, 'copy').call({ dir: copied.dir });
      expect(again.names).toEqual(['a.txt: first', 'again.txt: first', 'b.txt: second']);
    });
  });

  it('a task reads a large file in little memory, and an app uploads it so', async () => {
    const size = 256 * MIB;
    const path = join(folder, 'large');
    const handle = openSync(path, 'w');
    ftruncateSync(handle, size);
    closeSync(handle);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 20);
    const before = process.memoryUsage().arrayBuffers;
    const measured = await asAlice(async () => {
      const book = await flyte.files.upload(path);
      return flyte.task(ByteTasks, 'measure').call({ book });
    });
    clearInterval(timer);
    expect(measured.bytes).toBe(size);
    expect(measured.grownBytes).toBeLessThan(128 * MIB);
    expect(most - before).toBeLessThan(128 * MIB);
  });

  it.each(['file:///etc/passwd', '/etc/passwd', 's3://other/key', 'https://169.254.169.254/latest', ''])(
    'an app opens no URI such as %j',
    async (uri) => {
      const { files } = flyte;
      const file = new FlyteFile({ uri });
      const dir = new FlyteDir({ uri });
      const target = join(folder, 'stolen');
      const tries = {
        open: () => files.open(file),
        text: () => files.text(file),
        download: () => files.download(file, target),
        downloadDir: () => files.downloadDir(dir, target),
        list: async () => files.list(dir)[Symbol.asyncIterator]().next(),
      };
      for (const act of Object.values(tries)) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await expect(asAlice<unknown>(act)).rejects.toMatchObject({
          code: 'unimplemented',
          message: expect.stringContaining('run.report()'),
        });
      }
      expect(readdirSync(folder)).not.toContain('stolen');
    },
  );

  it.skipIf(notApart !== undefined)('what one uploads, a task of another project does not read', async () => {
    const book = await asAlice(() => flyte.files.upload(Buffer.from('for alice'), { name: 'secret.txt' }));
    await expect(asAlice(() => flyte.task(ByteTasks, 'read').call({ book }))).resolves.toEqual({ text: 'for alice' });
    const bob = bearer(await plane.token('bob', { projects: ['flytesnacks', 'bobs'] }));
    await authMetadata(bob, async () => {
      await createClient(ProjectService, flyte.transport).createProject({ project: { id: 'bobs', name: 'bobs' } });
      const bobs = flyte.with({ project: 'bobs' });
      await expect(bobs.task(ByteTasks, 'read').call({ book })).rejects.toMatchObject({
        code: 'task_failed',
        message: expect.stringContaining('there is none'),
      });
      const own = await bobs.files.upload(Buffer.from('for bob'));
      await expect(bobs.task(ByteTasks, 'read').call({ book: own })).resolves.toEqual({ text: 'for bob' });
    });
  });

  it.each(ADAPTERS)('a request whose body %s has parsed is refused, and becomes no empty file', async (adapter) => {
    @Controller()
    class Uploads {
      constructor(private readonly files: FileService) {}
      @Put() async put(@Req() request: IncomingMessage & { readonly raw?: IncomingMessage }) {
        return { uri: (await this.files.upload(request.raw ?? request)).uri };
      }
    }
    const log = new LogLines();
    const imports = [
      FlyteModule.forRoot({ passthrough: true, endpoint: plane.url, project: 'flytesnacks', domain: 'development' }),
    ];
    await using own = await startApp({ adapter, imports, controllers: [Uploads], logger: log });
    const put = async (type: string, body: string) =>
      ask(own.url, '/', { method: 'PUT', body, headers: { ...alice, 'content-type': type } });
    expect((await put('application/json', '{"a":1}')).status).toBe(500);
    expect(log.lines.join('\n')).toMatch(/misuse.*read already, perhaps by a body parser/);
    if (adapter === 'fastify') return; // which refuses what it has no parser for
    expect((await put('application/x-www-form-urlencoded', 'a=1')).status).toBe(500);
    expect((await put('application/octet-stream', '{"a":1}')).status).toBe(200);
    expect((await put('application/octet-stream', '')).status).toBe(200);
  });

  it('needs a caller, a project, and an action for a report', async () => {
    const { files } = flyte;
    const bytes = Buffer.from('x');
    await expect(files.upload(bytes)).rejects.toMatchObject({ code: 'misuse' });
    await expect(asAlice(() => files.upload(bytes, { report: true }))).rejects.toMatchObject({ code: 'misuse' });
    await expect(asAlice(() => files.upload(bytes, { maxBytes: 0 }))).rejects.toMatchObject({ code: 'out_of_range' });
    expect(running.app.get(FileService)).toBe(files);
    await expect(authMetadata(bearer('garbage'), () => files.upload(bytes))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});
