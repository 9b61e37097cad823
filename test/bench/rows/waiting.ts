import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeName, sidesOf, type Context, type Goal, type Place, type Row } from '../figures.js';
import { inPairs } from '../pairs.js';
import { start, type Child } from '../processes.js';

const CLIENTS = 10_000;
/** File descriptors of a process that are no client's. */
const OTHER_FILES = 200;
/** A round is ten thousand requests; so many rounds are no noise. */
const ROUNDS = 3;

/** The library's deadline, out of the way: on a busy machine, thousands of requests take long to arrive. */
const TIMEOUT_MS = 600_000;

interface Heap {
  readonly before: number;
  readonly perRequest: number;
  readonly after: number;
}

/** What requests keep that wait for Flyte. */
export const waiting: Row = {
  name: 'waiting',
  about: `${CLIENTS} requests that wait for Flyte: heap for each, and what is left of it afterwards`,
  async measure(context) {
    const clients = Math.min(CLIENTS, mostFiles() - OTHER_FILES);
    for (const place of context.places) {
      // oxlint-disable-next-line no-await-in-loop
      await measureAt(context, place, clients);
    }
  },
};

async function measureAt({ rounds, tell }: Context, place: Place, clients: number): Promise<void> {
  await using crowd = await start('crowd');
  await using upstream = await start('upstream', { given: { hold: true } });
  const options = {
    ...{ node: place.node.path, given: { adapter: place.adapter, upstream: upstream.url, timeoutMs: TIMEOUT_MS } },
    nodeOptions: ['--expose-gc'],
  };
  await using library = await start('library', options);
  await using byHand = await start('by-hand', options);
  for (const server of [library, byHand]) {
    // oxlint-disable-next-line no-await-in-loop -- what is made once, and code that is compiled
    await heapOf(server, crowd, upstream, Math.ceil(clients / 10));
  }
  const once = (server: Child) => () => heapOf(server, crowd, upstream, clients);
  const pairs = await inPairs(Math.min(rounds, ROUNDS), once(library), once(byHand));
  const where = clients === CLIENTS ? placeName(place) : `${placeName(place)}, ${clients} requests (ulimit -n)`;
  tell({
    ...{ what: 'heap per waiting request ÷ by hand', where, goal: { atMost: 1.2 } },
    values: pairs.map(([a, b]) => a.perRequest / b.perRequest),
    sides: sidesOf(
      pairs.map(([a]) => a.perRequest / 1024),
      pairs.map(([, b]) => b.perRequest / 1024),
      'KiB',
      1,
    ),
  });
  const left = (what: string, heaps: Heap[], goal?: Goal): void =>
    tell({
      ...{ what, where, goal },
      values: heaps.map(({ before, after }) => after / before),
      sides: sidesOf(
        heaps.map(({ after }) => after / 2 ** 20),
        heaps.map(({ before }) => before / 2 ** 20),
        'MiB',
        1,
      ),
    });
  left(
    'heap after all are answered ÷ before',
    pairs.map(([a]) => a),
    { atMost: 1.05 },
  );
  left(
    'the same, by hand',
    pairs.map(([, b]) => b),
  );
}

/** How many files a process may have open. Node takes as many as it may. */
function mostFiles(): number {
  if (process.platform === 'win32') return Infinity;
  const limit = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Infinity : Number(limit);
}

async function heapOf(server: Child, crowd: Child, upstream: Child, clients: number): Promise<Heap> {
  const heap = async (): Promise<number> => (await server.ask<NodeJS.MemoryUsage>('memory')).heapUsed;
  const before = await heap();
  await crowd.ask('come', { url: `${server.url}/me`, clients });
  while ((await upstream.ask<number>('waiting')) < clients) {
    // oxlint-disable-next-line no-await-in-loop
    await sleep(50);
  }
  const during = await heap();
  await upstream.ask('release');
  await crowd.ask('leave');
  return { before, perRequest: (during - before) / clients, after: await heap() };
}
