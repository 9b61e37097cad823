import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Controller, Get, Param, Put, Req, StreamableFile } from '@nestjs/common';
import { FileService, FlyteModule, InjectTask, type TaskHandle } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startFilesPlane } from './support.js';
import { WordTasks } from './app/words.tasks.js';

// #region controller
@Controller('books')
export class BooksController {
  constructor(
    private readonly files: FileService,
    @InjectTask(WordTasks, 'list') private readonly words: TaskHandle<WordTasks['list']>,
  ) {}

  @Put(':name')
  async put(@Param('name') name: string, @Req() request: IncomingMessage) {
    const book = await this.files.upload(request, { name, maxBytes: 1024 ** 3 });
    const { name: run } = await this.words.run({ book });
    return { run };
  }

  @Get(':run/words')
  async get(@Param('run') run: string) {
    const report = await this.words.attach(run).report();
    return new StreamableFile(report, { type: 'text/plain', disposition: 'attachment; filename="words.txt"' });
  }
}
// #endregion

const sources: Readonly<Record<string, string>> = {
  'guide.spec.ts': import.meta.filename,
  'words.tasks.ts': join(import.meta.dirname, 'app/words.tasks.ts'),
};
const path = join(import.meta.dirname, '../../docs/files.md');
const guide = readFileSync(path, 'utf8');
const snippets = [...guide.matchAll(/<!-- ([\w.]+) (\w+) -->\n\n```ts\n(.*?)```/gs)].map(
  ([, file = '', region = '', code = '']) => ({ file, region, code }),
);

const shown = (file: string, region: string): string => {
  const source = readFileSync(sources[file] ?? '', 'utf8');
  return new RegExp(`^// #region ${region}\\n(.*?)^// #endregion$`, 'ms').exec(source)?.[1] ?? '';
};

describe('docs/files.md', () => {
  it('takes every snippet from here', () => {
    expect(snippets).toHaveLength(guide.split('```ts\n').length - 1);
    expect(snippets).toHaveLength(2);
  });

  it.each(snippets)('shows $region of $file as it is', ({ file, region, code }) => {
    expect(code).toBe(shown(file, region));
  });

  describe('works', () => {
    let plane: LocalControlPlane;
    let running: Running;
    const log = new LogLines();
    beforeAll(async () => {
      plane = await startFilesPlane();
      running = await startApp({
        imports: [
          FlyteModule.forRoot({
            ...{ passthrough: true, endpoint: plane.url, project: 'flytesnacks', domain: 'development' },
            tasks: { module: './dist/tasks.module.js#TasksModule' },
          }),
          FlyteModule.forFeature([WordTasks]),
        ],
        controllers: [BooksController],
        logger: log,
      });
    });
    afterAll(async () => {
      await running[Symbol.asyncDispose]();
      await plane.close();
    });

    const put = async (headers: { authorization: string }, body: string) =>
      ask(running.url, '/books/Mein%20Buch%2F..%2F%C3%BC.txt', {
        ...{ method: 'PUT', body },
        headers: { ...headers, 'content-type': 'application/octet-stream' },
      });

    it('streams an upload into a task, and its report to the browser, and to nobody else', async () => {
      const alice = bearer(await plane.token('alice', { projects: ['flytesnacks'] }));
      const started = await put(alice, 'to be or not to be');
      expect([started.status, started.text]).toEqual([200, expect.stringMatching(/^\{"run":"[a-z0-9-]+"\}$/)]);
      const { run } = started.json as { run: string };
      await expect
        .poll(async () => (await ask(running.url, `/books/${run}/words`, { headers: alice })).status)
        .toBe(200);
      const answer = await ask(running.url, `/books/${run}/words`, { headers: alice });
      expect([answer.text, answer.headers['content-disposition']]).toEqual([
        'be\nnot\nor\nto',
        'attachment; filename="words.txt"',
      ]);

      const bob = bearer(await plane.token('bob', { projects: ['other'] }));
      expect((await put(bob, 'x')).status).toBe(403);
      expect((await ask(running.url, `/books/${run}/words`, { headers: bob })).status).toBe(403);
      expect((await ask(running.url, `/books/${run}/words`)).status).toBe(401);
      expect((await ask(running.url, '/books/no-such-run/words', { headers: alice })).status).toBe(404);
      expect(log.lines.join('\n')).not.toMatch(/signature=/);
    });
  });
});
