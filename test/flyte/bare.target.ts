import { randomBytes } from 'node:crypto';
import type { FlyteClient, Run } from 'nestjs-flyte';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/calls.js';
import { connect, ended, logged, services } from './connect.js';
import { deletePod } from './pods.js';
import { note, starts, target, needs } from './target.js';

// What a target makes of a container that is not ours. Our runtime is built on these.

let flyte: FlyteClient;
beforeAll(async () => {
  flyte = await connect();
});

interface Bare {
  readonly command: readonly string[];
  readonly image?: string;
  readonly retries?: number;
  readonly maxQueuedSeconds?: number;
}

async function start({ command, image = target.image ?? 'none', retries = 1, maxQueuedSeconds }: Bare): Promise<Run> {
  const { project, domain, version } = target;
  const place = { project, domain, name: `s${randomBytes(8).toString('hex')}` };
  await services(flyte).runs.createRun({
    id: { case: 'runId', value: place },
    task: {
      case: 'taskSpec',
      value: {
        taskTemplate: {
          id: { project, domain, name: 'flyte-suite.bare', version },
          type: 'bare',
          metadata: {
            retries: { retries },
            ...(maxQueuedSeconds !== undefined && {
              timeouts: { queuedTimeout: { seconds: BigInt(maxQueuedSeconds) } },
            }),
          },
          interface: { inputs: {}, outputs: {} },
          target: { case: 'container', value: { image, command: [...command] } },
        },
        shortName: 'bare',
        environment: { name: 'flyte-suite' },
      },
    },
    inputWrapper: { case: 'inputs', value: { literals: [] } },
  });
  return flyte.runs.attach(place.name);
}

/** A process that leaves files where its outputs belong: see tasks/bare.mjs. */
const leaving = (...what: string[]): string[] => ['node', 'test/flyte/tasks/bare.mjs', '{{.outputPrefix}}', ...what];

const ENDS: readonly [what: string, origin: 'user' | 'system', ...command: string[]][] = [
  ['an exit code', 'user', 'sh', '-c', 'exit 7'],
  ['SIGKILL', 'user', 'sh', '-c', 'kill -9 $$'],
  ['a command that is not there', 'user', 'flyte-suite-is-not-this'],
  ['an error of the system that may be retried', 'system', ...leaving('SYSTEM.RECOVERABLE')],
];

describe.concurrent('a container that is not ours', () => {
  it('fails at once, by the system’s fault, where it ends with 0 and leaves nothing', async () => {
    const info = await ended('exit 0 without a file', await start({ command: ['sh', '-c', 'exit 0'] }));
    expect(info).toMatchObject({ phase: 'failed', attempts: 1, error: { origin: 'system' } });
    expect(info.error?.message).toMatch(/outputs\.pb|not found/);
  });

  it.each([
    ['an error of the user that may be retried', ['USER.RECOVERABLE'], { attempts: 2, origin: 'user' }],
    ['an error of the user', ['USER.NON_RECOVERABLE'], { attempts: 1, origin: 'user' }],
    ['an error of the system', ['SYSTEM.NON_RECOVERABLE'], { attempts: 1, origin: 'system' }],
    ['an error beside outputs', ['USER.NON_RECOVERABLE', 'outputs'], { attempts: 1, origin: 'user' }],
  ])('fails as its error.pb says: %s', async (what, files, { attempts, origin }) => {
    const info = await ended(`${what}, of a bare container`, await start({ command: leaving(...files) }));
    const message = expect.stringContaining(`left behind: ${files[0]}`) as string;
    expect(info).toMatchObject({ phase: 'failed', attempts, error: { origin, message } });
  });

  it('succeeds where it leaves outputs', async () => {
    const info = await ended('outputs of a bare container', await start({ command: leaving('outputs') }));
    expect(info).toMatchObject({ phase: 'succeeded', attempts: 1 });
  });

  // So our runtime leaves no error.pb when it is asked to end.
  it('fails by the error.pb that it left when it was drained, whatever it does when it is started again', async (test) => {
    needs(test, 'kubernetes');
    const run = await start({ command: leaving('drained', 'USER.NON_RECOVERABLE', 'outputs') });
    await logged(run, 'waiting');
    await deletePod(target.kubeconfig ?? '', run.name);
    const info = await run.wait();
    note('drained, with an error.pb left', run.name, info.attempts);
    const message = expect.stringContaining('left behind: USER.NON_RECOVERABLE') as string;
    expect(info).toMatchObject({ phase: 'failed', attempts: 1, error: { message } });
    expect(starts(run.name, info.attempts)).toBe(2);
  });

  for (const [what, origin, ...command] of ENDS) {
    it(`fails after its retries: ${what}`, async (test) => {
      needs(test, 'bare ends');
      const info = await ended(what, await start({ command }));
      expect(info).toMatchObject({ phase: 'failed', error: { origin } });
      expect(info.attempts).toBeLessThanOrEqual(2);
    });

    // Where this fails, the backend has been mended, and 'bare ends' can be taken from what it lacks.
    it(`is started again for ever: ${what}`, async (test) => {
      needs(test, 'bare ends without end', 'kubernetes');
      const run = await start({ command });
      await until(() => starts(run.name, 0) > 4, `more pods than attempts of ${run.name}`);
      const { done, attempts } = await run.get();
      await run.abort('seen enough');
      note(`${what} of a bare container, until it was aborted`, run.name, attempts);
      expect({ done, attempts }).toEqual({ done: false, attempts: 1 });
      expect(await run.wait()).toMatchObject({ phase: 'aborted' });
    });
  }

  // Some minutes later: an image may come, and the time that the task may be queued ends no waiting.
  it('fails where its image is not there', async (test) => {
    needs(test, 'images');
    const image = 'flyte-suite.invalid/is-not-this:1';
    const bare = { command: ['true'], image, retries: 0, maxQueuedSeconds: 1 };
    const info = await ended('a bad image', await start(bare));
    expect(info).toMatchObject({ phase: 'failed', error: { message: expect.stringMatching(/image/i) } });
  });

  it('fails at once, without a pod, where it has no image', async (test) => {
    needs(test, 'images');
    const run = await start({ command: ['true'], image: '' });
    const info = await run.wait();
    note('no image', run.name, info.attempts);
    if (target.kubeconfig) expect(starts(run.name, info.attempts)).toBe(0);
    expect(info).toMatchObject({ phase: 'failed', error: { message: expect.stringMatching(/image/i) } });
  });
});
