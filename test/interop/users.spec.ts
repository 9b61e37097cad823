import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
});
