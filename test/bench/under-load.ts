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
/** So many rounds are of one process: how well its code was compiled, and how its memory lies, differs between processes. */
const ROUNDS_OF_A_PROCESS = 3;

/** A server under load. */
export interface Side {
  readonly start: () => Promise<Server & AsyncDisposable>;
  readonly path: string;
  /** `Authorization` headers, one per caller. */
  readonly callers?: readonly string[];
}

interface Target extends Side {
  readonly server: Server;
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
  const pairs: (readonly [Round, Round])[] = [];
  for (let left = rounds; left > 0; left -= ROUNDS_OF_A_PROCESS) {
    // oxlint-disable-next-line no-await-in-loop -- side by side they would measure each other
    pairs.push(...(await roundsOfProcesses(Math.min(left, ROUNDS_OF_A_PROCESS), load, ours, other)));
  }
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

async function roundsOfProcesses(
  rounds: number,
  load: Child,
  ours: Side,
  other: Side,
): Promise<readonly (readonly [Round, Round])[]> {
  await using one = await ours.start();
  await using two = await other.start();
  const a: Target = { ...ours, server: one };
  const b: Target = { ...other, server: two };
  const rates = [await warmUp(load, a), await warmUp(load, b)];
  const requests = roundUp(Math.max(...rates) * ROUND_SECONDS);
  return await inPairs(
    rounds,
    () => loaded(load, a, requests),
    () => loaded(load, b, requests),
  );
}

/** @returns requests per second, once the code is compiled: how soon that is depends on Node, and on what else runs */
async function warmUp(load: Child, side: Target): Promise<number> {
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

async function loaded(load: Child, { server, path, callers = ['Bearer t'] }: Target, requests: number): Promise<Round> {
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
