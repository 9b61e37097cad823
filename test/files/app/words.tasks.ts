import { FlyteDir, FlyteFile, FileService, Task, TaskEnvironment, Tasks } from 'nestjs-flyte';
import * as z from 'zod';

// #region tasks
const book = z.instanceof(FlyteFile);

@Tasks(new TaskEnvironment({ name: 'words' }))
export class WordTasks {
  constructor(private readonly files: FileService) {}

  @Task({ inputs: z.object({ book }), outputs: z.object({ count: z.int(), list: z.instanceof(FlyteFile) }) })
  async list({ book }: { book: FlyteFile }) {
    const words = new Set<string>();
    let rest = '';
    for await (const chunk of (await this.files.open(book)).setEncoding('utf8')) {
      const pieces = `${rest}${chunk}`.split(/\s+/);
      rest = pieces.pop() ?? '';
      for (const word of pieces) words.add(word);
    }
    words.add(rest).delete('');
    const lines = [...words].toSorted().join('\n');
    await this.files.upload(Buffer.from(lines), { report: true }); // what run.report() gives the app
    return { count: words.size, list: await this.files.upload(Buffer.from(lines), { name: 'words.txt' }) };
  }
}
// #endregion

/** What the tests need besides. */
@Tasks(new TaskEnvironment({ name: 'bytes' }))
export class ByteTasks {
  constructor(private readonly files: FileService) {}

  /** Reads all of a file, and says what memory that took. */
  @Task({ inputs: z.object({ book }), outputs: z.object({ bytes: z.int(), grownBytes: z.int() }) })
  async measure({ book }: { book: FlyteFile }) {
    const before = process.memoryUsage.rss();
    let bytes = 0;
    for await (const chunk of await this.files.open(book)) bytes += (chunk as Buffer).length;
    return { bytes, grownBytes: process.resourceUsage().maxRSS * 1024 - before };
  }

  @Task({ inputs: z.object({ book }), outputs: z.object({ text: z.string() }) })
  async read({ book }: { book: FlyteFile }) {
    return { text: await this.files.text(book) };
  }

  /** Takes a directory, and gives one with a file more. */
  @Task({
    inputs: z.object({ dir: z.instanceof(FlyteDir) }),
    outputs: z.object({ names: z.array(z.string()), dir: z.instanceof(FlyteDir) }),
  })
  async copy({ dir }: { dir: FlyteDir }) {
    const names: string[] = [];
    for await (const file of this.files.list(dir)) names.push(`${file.name}: ${await this.files.text(file)}`);
    await this.files.downloadDir(dir, 'copy');
    await this.files.download(await this.files.upload('copy/a.txt'), 'copy/b/again.txt');
    return { names: names.toSorted(), dir: await this.files.uploadDir('copy') };
  }
}
