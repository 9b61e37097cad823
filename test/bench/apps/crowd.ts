// Many clients that wait at once. Autocannon opens all its connections at the same time, more than a server's backlog holds;
// and it does not say when all of them wait.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from './support/parent.js';

/** How many connections are opened at a time. */
const AT_ONCE = 250;

export interface Crowd {
  readonly url: string;
  readonly clients: number;
}

let answers: Promise<number>[] = [];

async function come({ url, clients }: Crowd): Promise<void> {
  answers = [];
  while (answers.length < clients) {
    const size = Math.min(AT_ONCE, clients - answers.length);
    const opened = Array.from({ length: size }, () => ask(new URL(url)));
    answers.push(...opened.map(({ answer }) => answer));
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(opened.map(({ sent }) => sent));
  }
}

/** One client, by hand: Node's own takes as long for a request as the server does. */
function ask({ hostname, port, pathname }: URL): { sent: Promise<void>; answer: Promise<number> } {
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  const head = [`GET ${pathname} HTTP/1.1`, 'host: bench', 'authorization: Bearer t', 'connection: close', '', ''];
  const sent = new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('connect', () => socket.write(head.join('\r\n'), () => resolve()));
  });
  let text = '';
  const answer = new Promise<number>((resolve, reject) => {
    socket.on('data', (data) => (text += String(data))).once('error', reject);
    socket.once('end', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
  });
  answer.catch(() => undefined); // told by `leave`
  return { sent, answer };
}

/** Waits until all are answered. @throws Error where one was not answered with 200 */
async function leave(): Promise<void> {
  const statuses = await Promise.all(answers);
  const bad = statuses.filter((status) => status !== 200);
  if (bad.length > 0) throw new Error(`${bad.length} of ${statuses.length} were answered with ${bad[0]}`);
  await sleep(100); // connections close
}

answerParent({ come, leave });
