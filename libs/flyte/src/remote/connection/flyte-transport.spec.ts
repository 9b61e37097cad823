import { createClient, createRouterTransport } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RunService } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import { asCaller } from './flyte-transport.js';
import type { Connection } from './connection.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

const IDLE_MS = 1_000;

/** A stream that has a message whenever one is asked for, until it is silent. */
function stream() {
  const silence = { now: false };
  const transport = createRouterTransport(({ service }) =>
    service(RunService, {
      async *watchRunDetails(_, { signal }) {
        while (!silence.now) yield {};
        await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
      },
    }),
  );
  const connection: Connection = { calls: transport, streams: transport, open: new Set(), close: () => undefined };
  const limits = { timeoutMs: 1_000, streamIdleTimeoutMs: IDLE_MS, retries: 0 };
  const caller = asCaller(connection, () => ({ credentials: () => undefined }), limits);
  const messages = createClient(RunService, caller).watchRunDetails({})[Symbol.asyncIterator]();
  return { connection, messages, silence };
}

it('a stream may be silent for a while, after each message anew', async () => {
  const { messages, silence } = stream();
  for (let i = 0; i < 5; i += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one message after the other
    expect((await messages.next()).done).toBe(false);
    vi.advanceTimersByTime(IDLE_MS - 1);
  }
  silence.now = true;
  const next = messages.next();
  vi.advanceTimersByTime(IDLE_MS);
  await expect(next).rejects.toMatchObject({
    code: 'deadline_exceeded',
    detail: `nothing was read from the stream for ${IDLE_MS} ms`,
  });
});

it('a stream that nobody reads is ended after that time too, and no timer is left of it', async () => {
  const { connection, messages } = stream();
  await messages.next();
  const [open] = [...(connection.open ?? [])];
  expect([open?.signal.aborted, vi.getTimerCount()]).toEqual([false, 1]);
  vi.advanceTimersByTime(IDLE_MS);
  expect([open?.signal.aborted, vi.getTimerCount(), connection.open?.size]).toEqual([true, 0, 0]);
});
