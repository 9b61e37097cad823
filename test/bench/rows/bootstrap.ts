import { placeName, sidesOf, type Context, type Place, type Row } from '../figures.js';
import { inPairs } from '../pairs.js';
import { launch, start, type Child } from '../processes.js';

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssMB: number;
}

/** What any NestJS app has imported. */
const OF_ANY_APP = ['reflect-metadata', 'rxjs', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];

/** How soon an app answers, and what it takes for that. */
export const bootstrap: Row = {
  name: 'bootstrap',
  about: 'From the start of a process to its first answer, and its resident memory then; what the import alone takes',
  async measure(context) {
    for (const place of context.places) {
      // oxlint-disable-next-line no-await-in-loop
      await starts(context, place);
    }
    for (const node of context.nodes) {
      // oxlint-disable no-await-in-loop
      await imports(context, node, 'import nestjs-flyte alone', []);
      await imports(context, node, 'import nestjs-flyte where NestJS is imported', OF_ANY_APP);
      // oxlint-enable no-await-in-loop
    }
  },
};

async function starts({ rounds, tell }: Context, place: Place): Promise<void> {
  const where = placeName(place);
  const once = (app: string) => () => firstAnswer(app, place);
  await once('library')(); // the file cache
  const pairs = await inPairs(rounds, once('library'), once('by-hand'));
  const sides = (of: keyof Start, unit: string): string =>
    sidesOf(
      pairs.map(([a]) => a[of]),
      pairs.map(([, b]) => b[of]),
      unit,
    );
  tell({
    ...{ what: 'time to the first answer ÷ by hand', where, goal: { atMost: 1.05 } },
    values: pairs.map(([a, b]) => a.ms / b.ms),
    sides: sides('ms', 'ms'),
  });
  tell({
    ...{ what: 'CPU to the first answer ÷ by hand', where, goal: { atMost: 1.05 } },
    values: pairs.map(([a, b]) => a.cpuMs / b.cpuMs),
    sides: sides('cpuMs', 'ms'),
  });
  tell({
    ...{ what: 'resident memory over by hand', where, unit: 'MB', goal: { atMost: 10 } },
    values: pairs.map(([a, b]) => a.rssMB - b.rssMB),
    sides: sides('rssMB', 'MB'),
  });
}

async function firstAnswer(app: string, { node, adapter }: Place): Promise<Start> {
  const began = performance.now();
  await using server: Child = launch(app, { node: node.path, given: { adapter, upstream: 'http://127.0.0.1:1' } });
  await server.ready();
  const answer = await fetch(`${server.url}/empty`, { headers: { authorization: 'Bearer t' } });
  await answer.text();
  if (!answer.ok) throw new Error(`${app} answered ${answer.status}`);
  const ms = performance.now() - began;
  const cpuMs = (await server.cpu()) * 1e3;
  return { ms, cpuMs, rssMB: (await server.ask<number>('rss')) / 2 ** 20 };
}

async function imports({ rounds, tell }: Context, node: Place['node'], what: string, before: string[]): Promise<void> {
  const costs: { cpuMs: number; rssMB: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    // oxlint-disable no-await-in-loop
    await using child = await start('import-cost', {
      ...{ node: node.path, given: { before }, nodeOptions: ['--expose-gc'] },
    });
    costs.push(await child.ask('cost'));
    // oxlint-enable no-await-in-loop
  }
  const where = `Node ${node.major}`;
  tell({ what: `${what}: CPU`, where, unit: 'ms', values: costs.map(({ cpuMs }) => cpuMs) });
  tell({ what: `${what}: resident memory`, where, unit: 'MB', values: costs.map(({ rssMB }) => rssMB) });
}
