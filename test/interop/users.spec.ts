import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startPlane } from '../support/plane.js';
import { jsonOf, PythonUser } from './support/python-user.js';

describe('who the caller is', () => {
  let user: PythonUser;
  beforeAll(async () => {
    user = await PythonUser.start();
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('is told by the SDK', async () => {
    expect(await user.python('users').call('whoami')).toEqual({ subject: 'alice', name: 'Alice' });
  });

  it('is told by the command', async () => {
    expect(jsonOf(await user.flyte('whoami'))).toEqual({ subject: 'alice', name: 'Alice' });
  });

  it('is told to nobody over plaintext, where the SDK sends no credentials', async () => {
    await using plane = await startPlane();
    const command = ['echo', await plane.token('alice')];
    const admin = { endpoint: `dns:///127.0.0.1:${plane.port}`, insecure: true, authType: 'ExternalCommand', command };
    await writeFile(join(user.folder, 'plaintext.yaml'), stringify({ admin }));
    const { code, stdout } = await user.flyte('--config', 'plaintext.yaml', 'whoami');
    expect([code, stdout]).toEqual([1, expect.stringContaining('This call needs a token')]);
  });
});
