import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PythonSession } from './support/python-session.js';
import { PythonUser } from './support/python-user.js';

describe('files', () => {
  let user: PythonUser;
  let python: PythonSession;
  beforeAll(async () => {
    user = await PythonUser.start();
    python = user.python('files');
    await writeFile(join(user.folder, 'letter.txt'), 'dear sir');
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('are uploaded, and read by a task', async () => {
    const run = await python.call('measure_upload', { path: 'letter.txt' });
    expect(await python.call('end', { run })).toEqual({ phase: 'succeeded', outputs: [8] });
  });

  it('are uploaded once', async () => {
    const first = await python.call('upload', { path: 'letter.txt' });
    expect(first).toMatchObject({
      digest: expect.stringMatching(/^[0-9a-f]{32}$/),
      uri: expect.stringMatching(/^\/.*letter\.txt$/),
    });
    expect(await python.call('upload', { path: 'letter.txt' })).toEqual(first);
  });

  it('that are none are refused before anything is sent', async () => {
    await mkdir(join(user.folder, 'folder'));
    for (const path of ['nosuch.txt', 'folder']) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(python.call('upload', { path })).rejects.toMatchObject({ name: 'PythonError' });
    }
  });

  it('of a report are read by who started the run, where there is one', async () => {
    const run = await python.call('start_report');
    expect(await python.call('end', { run })).toMatchObject({ phase: 'succeeded' });
    expect(await python.call('report', { run })).toContain('<b>all of it</b>');
    const other = await python.call('start_without_report');
    await python.call('end', { run: other });
    const refused = { message: expect.stringContaining('Attempt 1 of this action has no report.') };
    await expect(python.call('report', { run: other })).rejects.toMatchObject(refused);
  });
});
