import { randomBytes } from 'node:crypto';
import type { FlyteClient, Run } from 'nestjs-flyte';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/calls.js';
import { connect, ended, services } from './connect.js';
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
}

async function start({ command, image = target.image ?? 'none', retries = 1 }: Bare): Promise<Run> {
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
          metadata: { retries: { retries } },
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

const ENDS: readonly [what: string, ...command: string[]][] = [
  ['an exit code', 'sh', '-c', 'exit 7'],
  ['SIGKILL', 'sh', '-c', 'kill -9 $$'],
  ['a command that is not there', 'flyte-suite-is-not-this'],
];

describe.concurrent('a container that is not ours', () => {
  it('fails at once, by the system’s fault, where it ends with 0 and leaves nothing', async () => {
    const info = await ended('exit 0 without a file', await start({ command: ['sh', '-c', 'exit 0'] }));
    expect(info).toMatchObject({ phase: 'failed', attempts: 1, error: { origin: 'system' } });
    expect(info.error?.message).toMatch(/outputs\.pb|not found/);
  });

  for (const [what, ...command] of ENDS) {
    it(`fails after its retries: ${what}`, async (test) => {
      needs(test, 'bare ends');
      const info = await ended(what, await start({ command }));
      expect(info).toMatchObject({ phase: 'failed', error: { origin: 'user' } });
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

  // Some minutes later: an image may come.
  it('fails where its image is not there', async (test) => {
    needs(test, 'images');
    const image = 'flyte-suite.invalid/is-not-this:1';
    const info = await ended('a bad image', await start({ command: ['true'], image, retries: 0 }));
    expect(info).toMatchObject({ phase: 'failed', error: { message: expect.stringMatching(/image/i) } });
  });
});
