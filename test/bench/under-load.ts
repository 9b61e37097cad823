import type { Load, LoadResult } from './apps/load.js';
import { sidesOf, type Context, type Goal } from './figures.js';
import { inPairs } from './pairs.js';
import type { Child, Server } from './processes.js';

const CONNECTIONS = 32;
const WARM_UP = {
  /** Of a part of the warm-up. */
  seconds: 0.5,
  /** So many parts have not been better than what was before: the code is compiled. */
  settledAfter: 4,
  betterBy: 0.03,
  atLeastRequests: 10_000,
  atMostMs: 30_000,
};
const ROUND_SECONDS = 1;

/** A server under load. */
export interface Side {
  readonly server: Server;
  readonly path: string;
  /** `Authorization` headers, one per caller. */
  readonly callers?: readonly string[];
}

interface Round {
  readonly perSecond: number;
  /** Of the server, in microseconds. */
  readonly cpuPerRequest: number;
  readonly p99Ms: number;
}

/** What to call the other side, what its figures shall be, and where it is. */
export interface Comparison {
  readonly than: string;
  readonly where: string;
  readonly load: Child;
  readonly goals: { readonly rate?: Goal; readonly p99?: Goal };
}

/**
 * Loads two servers in turn with the same number of requests. Tells throughput, CPU per request and the 99th percentile of the
 * time to the answer.
 */
export async function compareUnderLoad(
  { rounds, tell }: Context,
  ours: Side,
  other: Side,
  { than, where, load, goals }: Comparison,
): Promise<void> {
  const rates = [await warmUp(load, ours), await warmUp(load, other)];
  const requests = roundUp(Math.max(...rates) * ROUND_SECONDS);
  const pairs = await inPairs(
    rounds,
    () => loaded(load, ours, requests),
    () => loaded(load, other, requests),
  );
  const column = (of: keyof Round): readonly [number[], number[]] => [
    pairs.map(([a]) => a[of]),
    pairs.map(([, b]) => b[of]),
  ];
  const rate = column('perSecond');
  const cpu = column('cpuPerRequest');
  const p99 = column('p99Ms');
  tell({
    what: `throughput ÷ ${than}`,
    where,
    values: pairs.map(([a, b]) => a.perSecond / b.perSecond),
    goal: goals.rate,
    sides: sidesOf(...rate, 'requests/s'),
  });
  tell({
    what: `CPU per request, ${than} ÷ ours`,
    where,
    values: pairs.map(([a, b]) => b.cpuPerRequest / a.cpuPerRequest),
    goal: goals.rate,
    sides: sidesOf(...cpu, 'µs'),
  });
  tell({
    what: `p99 ÷ ${than}`,
    where,
    values: pairs.map(([a, b]) => a.p99Ms / b.p99Ms),
    goal: goals.p99,
    sides: sidesOf(...p99, 'ms', 1),
  });
}

/** @returns requests per second, once the code is compiled: how soon that is depends on Node, and on what else runs */
async function warmUp(load: Child, side: Side): Promise<number> {
  const until = performance.now() + WARM_UP.atMostMs;
  let requests = roundUp(500);
  let [done, unchanged, best, perSecond] = [0, 0, Infinity, 0];
  while ((unchanged < WARM_UP.settledAfter || done < WARM_UP.atLeastRequests) && performance.now() < until) {
    // oxlint-disable-next-line no-await-in-loop
    const part = await loaded(load, side, requests);
    unchanged = part.cpuPerRequest < best * (1 - WARM_UP.betterBy) ? 0 : unchanged + 1;
    best = Math.min(best, part.cpuPerRequest);
    perSecond = part.perSecond;
    done += requests;
    requests = roundUp(Math.max(perSecond * WARM_UP.seconds, 500));
  }
  return perSecond;
}

async function loaded(load: Child, { server, path, callers = ['Bearer t'] }: Side, requests: number): Promise<Round> {
  const before = await server.cpu();
  const given: Load = { url: server.url + path, callers, connections: CONNECTIONS, requests };
  const { seconds, p99Ms } = await load.ask<LoadResult>('run', given);
  const cpu = (await server.cpu()) - before;
  return { perSecond: requests / seconds, cpuPerRequest: (cpu / requests) * 1e6, p99Ms };
}

/** Each connection gets as many. */
function roundUp(requests: number): number {
  return Math.ceil(requests / CONNECTIONS) * CONNECTIONS;
}
