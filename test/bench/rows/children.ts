import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { authMetadata, FlyteClient, FlyteModule } from 'nestjs-flyte';
import { FanOutTasks } from '../apps/fan-out.tasks.js';
import type { PlaneGiven } from '../apps/plane.js';
import { sidesOf, type Context, type Place, type Row } from '../figures.js';
import { inPairs, inTurn } from '../pairs.js';
import { PlaneRuns } from '../plane-runs.js';
import { start, type Child } from '../processes.js';
import { ended, startScript, timed } from '../shell.js';

const COUNT = 1_000;
/** How many scripts run at once, and how long each takes where that is what is measured. */
const [SLOTS, SECONDS] = [4, 0.25];
/** A round takes a minute. */
const ROUNDS = 3;

/** What a parent of many children costs, and whether it keeps the plane busy. */
export const children: Row = {
  name: 'children',
  about: `A parent of ${COUNT} children, which are scripts of a shell, on the local control plane`,
  async measure({ nodes, rounds, tell }) {
    if (process.platform === 'win32') {
      tell({ what: 'all', where: 'everywhere', why: 'There is no /bin/sh.' });
      return;
    }
    for (const node of nodes) {
      // oxlint-disable-next-line no-await-in-loop
      await measureOn(node, Math.min(rounds, ROUNDS), tell);
    }
  },
};

async function measureOn(node: Place['node'], rounds: number, tell: Context['tell']): Promise<void> {
  const where = `Node ${node.major}`;
  const [waiting = []] = await inTurn(rounds, [() => whileTheyWait(node)]);
  tell({
    ...{ what: 'children enqueued, per second', where, unit: 'per second', goal: { atLeast: 300 } },
    values: waiting.map(({ perSecond }) => perSecond),
  });
  tell({
    ...{ what: "the parent's heap for each child that it waits for", where, unit: 'KB', goal: { atMost: 20 } },
    values: waiting.map(({ bytes }) => bytes / 1e3),
  });
  const [resumed = []] = await inTurn(rounds, [
    () => withParent(node, ':', (parent) => parent.task(FanOutTasks, 'resumed').call({ count: COUNT })),
  ]);
  tell({
    ...{ what: 'an attempt past the children of the one before', where, unit: 's', goal: { atMost: 2 } },
    values: resumed,
  });
  const shares: number[] = [];
  const busy = await inPairs(
    rounds,
    () =>
      withParent(node, `sleep ${SECONDS}`, async (parent, _, runs) => {
        let run = '';
        const seconds = await timed(async () => {
          const begun = await parent.task(FanOutTasks, 'all').run({ count: COUNT });
          run = begun.name;
          await begun.wait();
        });
        shares.push(await runs.busy(run, SLOTS));
        return seconds;
      }),
    () => timed(() => atOnce(SLOTS, COUNT, () => ended(startScript(`sleep ${SECONDS}`)))),
  );
  tell({
    ...{
      what: `part of the time of ${SLOTS} slots that children of ${SECONDS} s have`,
      where,
      goal: { atLeast: 0.95 },
    },
    values: shares,
  });
  tell({
    ...{ what: `children of ${SECONDS} s in ${SLOTS} slots ÷ bare processes, as many at once`, where },
    values: busy.map(([a, b]) => b / a),
    sides: sidesOf(
      busy.map(([a]) => a),
      busy.map(([, b]) => b),
      's',
      1,
    ),
  });
}

/** All of them are enqueued, and none ends before the parent has said what they cost it. */
async function whileTheyWait(node: Place['node']): Promise<{ perSecond: number; bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, 'all-wait');
  try {
    return await withParent(node, 'sleep 1000', async (client, plane) => {
      const call = client.task(FanOutTasks, 'heapOfEach').call({ count: COUNT, file });
      const [bytes, times] = await Promise.all([call, allEnqueued(plane, file)]);
      const seconds = (times.at(-1) ?? NaN) - (times[0] ?? NaN);
      return { perSecond: (times.length - 1) / seconds, bytes };
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes a file when they are. @returns when each was, in seconds */
async function allEnqueued(plane: Child, file: string): Promise<number[]> {
  // oxlint-disable no-await-in-loop -- nothing tells of a call to another process
  for (;;) {
    const times = await plane.ask<number[]>('enqueued');
    if (times.length >= COUNT) {
      await writeFile(file, '');
      return times;
    }
    await sleep(100);
  }
  // oxlint-enable no-await-in-loop
}

/** Does something as an app that may start the parents. @param first what each child does */
async function withParent<T>(
  node: Place['node'],
  first: string,
  measure: (client: FlyteClient, plane: Child, runs: PlaneRuns) => Promise<T>,
): Promise<T> {
  await using plane = await start('plane', { node: node.path, given: { slots: SLOTS } satisfies PlaneGiven });
  const token = await plane.ask<string>('token', 'alice');
  const runs = new PlaneRuns(plane.url, token);
  await runs.deploy('bench.script', first);
  const flyte = FlyteModule.forRoot({
    ...{ endpoint: plane.url, project: 'flytesnacks', domain: 'development', passthrough: true },
    tasks: { module: './dist/bench/apps/fan-out.tasks.js#FanOutModule' },
  });
  const app = await NestFactory.createApplicationContext(flyte, { logger: false });
  try {
    return await authMetadata({ authorization: `Bearer ${token}` }, () => measure(app.get(FlyteClient), plane, runs));
  } finally {
    await app.close();
  }
}

async function atOnce(width: number, count: number, one: () => Promise<void>): Promise<void> {
  let left = count;
  const next = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: width }, next));
}
