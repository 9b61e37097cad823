import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type FlyteClient, FlyteFile } from 'nestjs-flyte';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, ended } from './connect.js';
import { Files } from './tasks/suite.tasks.js';

let flyte: FlyteClient;
beforeAll(async () => {
  flyte = await connect();
});

describe.concurrent('files', () => {
  it('go from the app to a task, from a task into its storage, and on to the next task', async () => {
    const content = randomBytes(3 * 1024 * 1024);
    const digest = createHash('sha256').update(content).digest('hex');
    const file = await flyte.files.upload(Readable.from([content]), { name: 'größe 100%.bin' });
    const first = await flyte.task(Files, 'copy').call({ file });
    expect(first).toMatchObject({ bytes: content.length, digest });
    expect(first.copy.uri).not.toBe(file.uri);
    expect(await flyte.task(Files, 'copy').call({ file: first.copy })).toMatchObject({ bytes: content.length, digest });
  });

  it('larger than one part of an upload arrive whole', async () => {
    const { file } = await flyte.task(Files, 'make').call();
    expect(await flyte.task(Files, 'copy').call({ file })).toMatchObject({ bytes: 20 * 1024 * 1024 });
  });

  it('go as folders too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flyte-suite-'));
    await mkdir(join(folder, 'below'));
    await Promise.all(['one', 'below/two'].map((name) => writeFile(join(folder, name), `text of ${name}`)));
    const dir = await flyte.files.uploadDir(folder);
    await rm(folder, { recursive: true });
    expect(await flyte.task(Files, 'texts').call({ dir })).toEqual({ texts: ['text of below/two', 'text of one'] });
  });

  it('that are not there fail the task that opens them', async () => {
    const { uri } = await flyte.files.upload(Readable.from([Buffer.from('x')]), { name: 'there' });
    const file = new FlyteFile({ uri: `${uri}-not` });
    const info = await ended('a file that is not there', await flyte.task(Files, 'copy').run({ file }));
    expect(info).toMatchObject({ phase: 'failed' });
    expect(info.error?.message).toContain('there-not');
  });

  it('are not read by the app itself', async () => {
    const file = new FlyteFile({ uri: 'file:///etc/passwd' });
    await expect(flyte.files.text(file)).rejects.toMatchObject({ code: 'unimplemented' });
  });
});
