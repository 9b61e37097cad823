// The load generator, in a process of its own.
import autocannon from 'autocannon';
import { quantile } from '../pairs.js';
import { answerParent } from './support/parent.js';

export interface Load {
  readonly url: string;
  /** One `Authorization` header per caller; connections go through them in turn. */
  readonly callers: readonly string[];
  readonly connections: number;
  /** How many requests. Their number is fixed, so that all are answered: one that is cut off costs the server something else. */
  readonly requests: number;
}

export interface LoadResult {
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly p99Ms: number;
}

async function run({ url, callers, connections, requests: amount }: Load): Promise<LoadResult> {
  // Autocannon's own percentiles are of whole milliseconds.
  const times: number[] = [];
  const began = performance.now();
  let last = began;
  const requests = callers.map((authorization) => ({ method: 'GET' as const, headers: { authorization } }));
  // `sampleInt` is how often it looks whether all is done; its types do not know it.
  const settings = { url, connections, amount, requests, sampleInt: 20, excludeErrorStats: true };
  const { errors, non2xx } = await new Promise<autocannon.Result>((resolve, reject) => {
    autocannon(settings, (error: unknown, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result);
    }).on('response', (_client, _status, _bytes, ms) => {
      times.push(ms);
      last = performance.now();
    });
  });
  if (errors + non2xx > 0 || times.length !== amount) {
    throw new Error(
      `Of ${amount} requests to ${url}, ${times.length} were answered, ${non2xx} with a refusal; ${errors} failed`,
    );
  }
  return {
    seconds: (last - began) / 1000,
    p99Ms: quantile(
      times.toSorted((a, b) => a - b),
      0.99,
    ),
  };
}

answerParent({ run });
