import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeFlyte } from '../tasks/fake-flyte.js';
import { Cli, createApp, MODULE } from './support.js';

// Each command is a process of its own, and on a busy machine takes its time to start.
vi.setConfig({ testTimeout: 600_000 });

const app = createApp();
const cli = new Cli(app.root, { FLYTE_PROJECT: 'p', FLYTE_DOMAIN: 'd' });
afterAll(() => app.remove());

describe('nestjs-flyte, interrupted while Flyte does not answer', () => {
  it.each<[method: string, args: string[], says: RegExp]>([
    ['ListRuns', ['get', 'runs'], /^$/],
    ['GetTaskDetails', ['run', 'cli.wait', '--version', 'v'], /^$/],
    ['CreateRun', ['run', 'cli.wait', '--version', 'v'], /^The run may have begun: .*get runs --task cli\.wait"\.\n$/],
    ['DeployTask', ['deploy', '--module', MODULE], /^Some tasks may have been deployed: .*get tasks"\.\n$/],
  ])('%s: says what may have happened, and nothing of the call', async (method, args, says) => {
    const flyte = await FakeFlyte.start();
    onTestFinished(() => flyte.close());
    const env = { FLYTE_ENDPOINT: flyte.url, FLYTE_TOKEN: 'a-token' };
    expect((await cli.run(['deploy', '--module', MODULE, '--version', 'v'], env)).code).toBe(0);
    flyte.held.add(method);
    const { child, ended } = cli.start(args, env);
    await vi.waitFor(() => expect(flyte.holding).toContain(method), { timeout: 60_000 });
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(says);
  });
});
