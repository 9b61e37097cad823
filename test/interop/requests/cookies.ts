import { cookie, type Row } from './row.js';

/** Cookies, alone and beside a token. */
export const cookies: readonly Row[] = [
  { what: 'a cookie', headers: cookie('a=1'), both: '200, sent {"cookie":"a=1"}' },
  {
    what: 'a cookie, on a handler that asks Flyte',
    target: '/me',
    headers: cookie('a=1'),
    fastapi: '500',
    here: '401, WWW-Authenticate: Bearer',
    why: 'refusedByFlyte',
  },
  { what: 'two cookies', headers: cookie('a=1; b=2'), both: '200, sent {"cookie":"a=1; b=2"}' },
  {
    what: 'two cookies without a space between them',
    headers: cookie('a=1;b=2'),
    fastapi: '200, sent {"cookie":"a=1;b=2"}',
    here: '200, sent {"cookie":"a=1; b=2"}',
    why: 'pairs',
  },
  {
    what: 'spaces around a cookie',
    headers: cookie('  a=1  '),
    fastapi: '200, sent {"cookie":"a=1  "}',
    here: '200, sent {"cookie":"a=1"}',
    why: 'trimmed',
  },
  {
    what: 'two Cookie headers',
    headers: [
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ],
    fastapi: '200, sent {"cookie":"a=1"}',
    here: '200, sent {"cookie":"a=1; b=2"}',
    why: 'pairs',
  },
  { what: 'an empty Cookie header', headers: cookie(''), both: '401, WWW-Authenticate: Bearer' },
  { what: 'a Cookie header of spaces', headers: cookie('   '), both: '401, WWW-Authenticate: Bearer' },
  {
    what: 'a Cookie header of a semicolon',
    headers: cookie(';'),
    fastapi: '200, sent {"cookie":";"}',
    here: '401, WWW-Authenticate: Bearer',
    why: 'pairs',
  },
  {
    what: 'a Cookie header of semicolons and spaces',
    headers: cookie('; ;'),
    fastapi: '200, sent {"cookie":"; ;"}',
    here: '401, WWW-Authenticate: Bearer',
    why: 'pairs',
  },
  { what: 'a cookie without a name', headers: cookie('token'), both: '200, sent {"cookie":"token"}' },
  { what: 'a cookie without a value', headers: cookie('a='), both: '200, sent {"cookie":"a="}' },
  {
    what: 'an empty cookie between two',
    headers: cookie('a=1; ; b=2'),
    fastapi: '200, sent {"cookie":"a=1; ; b=2"}',
    here: '200, sent {"cookie":"a=1; b=2"}',
    why: 'pairs',
  },
  {
    what: 'a semicolon behind a cookie',
    headers: cookie('a=1;'),
    fastapi: '200, sent {"cookie":"a=1;"}',
    here: '200, sent {"cookie":"a=1"}',
    why: 'pairs',
  },
  {
    what: 'a quoted cookie with a semicolon',
    headers: cookie('a="1; 2"'),
    both: '200, sent {"cookie":"a=\\"1; 2\\""}',
  },
  {
    what: 'a byte from 0x80 up in the only cookie',
    headers: cookie('a=caf\u00e9'),
    fastapi: '200, sent {"cookie":"a=café"}',
    here: '401, WWW-Authenticate: Bearer',
    why: 'pairs',
  },
  {
    what: 'a byte from 0x80 up in one of two cookies',
    headers: cookie('a=caf\u00e9; b=2'),
    fastapi: '200, sent {"cookie":"a=café; b=2"}',
    here: '200, sent {"cookie":"b=2"}',
    why: 'pairs',
  },
  { what: 'a control character in one of two cookies', headers: cookie('a=x\u0001y; b=2'), both: '400' },
  {
    what: 'a cookie of 15,000 characters',
    headers: cookie(`a=${'x'.repeat(15000)}`),
    both: '200, sent {"cookie":"a=x × 15000"}',
  },
  {
    what: 'a cookie beside a token',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Cookie', 'a=1'],
    ],
    both: '200, sent {"authorization":"Bearer ALICE","cookie":"a=1"}',
  },
  {
    what: 'a cookie beside a token, on a handler that asks Flyte',
    target: '/me',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Cookie', 'a=1'],
    ],
    both: '200, alice',
  },
  {
    what: 'a cookie beside an empty Authorization header',
    headers: [
      ['Authorization', ''],
      ['Cookie', 'a=1'],
    ],
    both: '200, sent {"cookie":"a=1"}',
  },
  {
    what: 'a cookie on a POST that says nothing of its site',
    method: 'POST',
    headers: cookie('a=1'),
    fastapi: '200, sent {"cookie":"a=1"}',
    here: '403',
    why: 'ambient',
  },
  {
    what: 'a cookie on a POST of another site',
    method: 'POST',
    headers: [
      ['Cookie', 'a=1'],
      ['Origin', 'https://evil.example'],
    ],
    fastapi: '200, sent {"cookie":"a=1"}',
    here: '403',
    why: 'ambient',
  },
  {
    what: 'a cookie on a POST of the same origin',
    method: 'POST',
    headers: [
      ['Cookie', 'a=1'],
      ['Sec-Fetch-Site', 'same-origin'],
    ],
    both: '200, sent {"cookie":"a=1"}',
  },
  {
    what: 'a cookie on a POST of the same site',
    method: 'POST',
    headers: [
      ['Cookie', 'a=1'],
      ['Sec-Fetch-Site', 'same-site'],
    ],
    fastapi: '200, sent {"cookie":"a=1"}',
    here: '403',
    why: 'ambient',
  },
  {
    what: 'a cookie on a POST of another site, beside a token',
    method: 'POST',
    headers: [
      ['Cookie', 'a=1'],
      ['Authorization', 'Bearer ALICE'],
      ['Origin', 'https://evil.example'],
    ],
    both: '200, sent {"authorization":"Bearer ALICE","cookie":"a=1"}',
  },
  {
    what: 'a cookie on a GET of another site',
    headers: [
      ['Cookie', 'a=1'],
      ['Origin', 'https://evil.example'],
    ],
    both: '200, sent {"cookie":"a=1"}',
  },
];
