import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Asked } from './row.js';

/** What stands for a token in a table, and the token. */
export type Tokens = Readonly<Record<string, string>>;

/** Sends a row's request to an app, and says in a line what it answered: the status, then what of the answer is compared. */
export async function send(port: number, asked: Asked, tokens: Tokens): Promise<string> {
  const answer = asked.method === 'WS' ? await openSocket(port, asked, tokens) : await request(port, asked, tokens);
  let text = answer;
  for (const [name, token] of Object.entries(tokens)) text = text.replaceAll(token, name);
  return text.replaceAll(/x{1000,}/g, (many) => `x × ${many.length}`);
}

function headersOf({ headers = [] }: Asked, tokens: Tokens): (readonly [string, string])[] {
  const withTokens = (value: string): string => value.replaceAll(/\b(ALICE|BOB)\b/g, (name) => tokens[name] ?? name);
  return headers.map(([name, value]) => [name, withTokens(value)]);
}

/** As bytes, since no client would send all of it. */
async function request(port: number, asked: Asked, tokens: Tokens): Promise<string> {
  const { method = 'GET', target = '/sent' } = asked;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...headersOf(asked, tokens).map(([name, value]) => `${name}: ${value}`),
    ...(method === 'POST' ? ['Content-Length: 0'] : []),
    'Connection: close',
  ];
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A server that answers 431 while the request comes resets the connection: the answer is there before that. `once` would fail.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  await closed;
  return described(Buffer.concat(chunks).toString('utf8'));
}

function described(text: string): string {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const header = (name: string): string | undefined =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const status = first.split(' ')[1] ?? 'none';
  const challenge = header('www-authenticate');
  const allowed = header('access-control-allow-origin');
  const location = header('location');
  return [
    status,
    ...(challenge === undefined ? [] : [`WWW-Authenticate: ${challenge}`]),
    ...(allowed === undefined ? [] : [`allows ${allowed}`]),
    ...(location === undefined ? [] : [`to ${location.replace(/^http:..[^/]*/, '')}`]),
    ...(status === '200' ? bodyOf(text.slice(end + 4)) : []),
  ].join(', ');
}

/** What an app of the table says: who Flyte took the caller for, or what would travel. */
function bodyOf(body: string): string[] {
  const json = /\{.*\}/s.exec(body)?.[0];
  if (json === undefined) return [];
  const { subject, sent, name } = JSON.parse(json) as {
    subject?: string;
    sent?: Record<string, string>;
    name?: string;
  };
  return [
    ...(subject === undefined ? [] : [subject]),
    ...(name === undefined ? [] : [`item ${name}`]),
    ...(sent === undefined ? [] : [`sent ${JSON.stringify(sent, Object.keys(sent).toSorted())}`]),
  ];
}

/** Opens a WebSocket, sends one message, and waits for one. */
async function openSocket(port: number, asked: Asked, tokens: Tokens): Promise<string> {
  const headers = Object.fromEntries(headersOf(asked, tokens));
  const socket = new WebSocket(`ws://127.0.0.1:${port}${asked.target ?? '/live'}`, { headers });
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_, { statusCode }) => {
      socket.terminate();
      resolve(String(statusCode));
    });
    let opened = 'no answer';
    socket.once('open', () => {
      opened = '101, closed';
      socket.send(JSON.stringify({ event: 'me' }));
    });
    socket.once('message', (data: Buffer) => {
      const { event, data: said } = JSON.parse(String(data)) as { event: string; data?: unknown };
      resolve(event === 'me' ? `101, ${String(said)}` : '101, refused');
      socket.terminate();
    });
    socket.once('close', () => resolve(opened));
    socket.once('error', () => {});
  });
}
