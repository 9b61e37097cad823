// Calls as Flyte's clients make them, over HTTP/2, which autocannon does not speak. They are raw: what Connect's client does
// for one would take longer than what is measured.
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { Load, LoadResult } from './load.js';
import { quantile } from '../pairs.js';
import { answerParent } from './support/parent.js';

async function run({ url, callers, connections, requests }: Load): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const session = connect(origin);
  await once(session, 'connect');
  const times: number[] = [];
  let left = requests;
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (left > 0) {
      const authorization = callers[--left % callers.length] ?? '';
      const sent = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- a client asks once it is answered
      await call(session, pathname, authorization);
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  const seconds = (performance.now() - began) / 1000;
  session.close();
  return {
    seconds,
    p99Ms: quantile(
      times.toSorted((a, b) => a - b),
      0.99,
    ),
  };
}

/** Calls with an empty message, whose encoding is no bytes. */
async function call(session: ClientHttp2Session, path: string, authorization: string): Promise<void> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, authorization },
    ...{ 'content-type': 'application/proto', 'connect-protocol-version': '1' },
  });
  const answered = new Promise<void>((resolve, reject) => {
    stream.once('error', reject).once('end', resolve);
    stream.once('response', ({ ':status': status }) => {
      if (status !== 200) reject(new Error(`${path} was answered with ${status}`));
    });
  });
  stream.end();
  stream.resume();
  await answered;
}

answerParent({ run });
