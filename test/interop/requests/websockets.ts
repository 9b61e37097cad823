import { authorization, cookie, type Row } from './row.js';

/** WebSockets, which the middleware doesn’t see. */
export const websockets: readonly Row[] = [
  {
    what: 'a WebSocket without credentials',
    method: 'WS',
    target: '/live',
    fastapi: '101, closed',
    here: '101, refused',
    why: 'websocket',
  },
  {
    what: 'a WebSocket with a token',
    method: 'WS',
    target: '/live',
    headers: authorization('Bearer ALICE'),
    fastapi: '101, closed',
    here: '101, alice',
    why: 'websocket',
  },
  {
    what: 'a WebSocket with a token that is none',
    method: 'WS',
    target: '/live',
    headers: authorization('Bearer not.a.token'),
    fastapi: '101, closed',
    here: '101, refused',
    why: 'websocket',
  },
  {
    what: 'a WebSocket with a cookie',
    method: 'WS',
    target: '/live',
    headers: cookie('a=1'),
    fastapi: '101, closed',
    here: '101, refused',
    why: 'websocket',
  },
  {
    what: 'a WebSocket with a cookie, of another site',
    method: 'WS',
    target: '/live',
    headers: [
      ['Cookie', 'a=1'],
      ['Origin', 'https://evil.example'],
    ],
    fastapi: '101, closed',
    here: '101, refused',
    why: 'websocket',
  },
  {
    what: 'a WebSocket of a path that is missing',
    method: 'WS',
    target: '/nosuch',
    fastapi: '403',
    here: 'no answer',
    why: 'router',
  },
  {
    what: 'a WebSocket of an excluded path',
    method: 'WS',
    target: '/health',
    fastapi: '403',
    here: 'no answer',
    why: 'router',
  },
  {
    what: 'an upgrade to a WebSocket of a handler, with a token',
    target: '/sent',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Version', '13'],
    ],
    both: '200, sent {"authorization":"Bearer ALICE"}',
  },
];
