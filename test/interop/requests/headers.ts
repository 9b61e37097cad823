import { authorization, type Row } from './row.js';

/** `Authorization` twice, with bytes that can’t travel, and too long; and what stands in its place. */
export const headers: readonly Row[] = [
  {
    what: 'two Authorization headers that differ',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Authorization', 'Bearer BOB'],
    ],
    fastapi: '200, sent {"authorization":"Bearer ALICE"}',
    here: '400',
    why: 'twice',
  },
  {
    what: 'two Authorization headers that differ, on a handler that asks Flyte',
    target: '/me',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Authorization', 'Bearer BOB'],
    ],
    fastapi: '200, alice',
    here: '400',
    why: 'twice',
  },
  {
    what: 'the same Authorization header twice',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['authorization', 'Bearer ALICE'],
    ],
    fastapi: '200, sent {"authorization":"Bearer ALICE"}',
    here: '400',
    why: 'twice',
  },
  {
    what: 'an empty Authorization header before a full one',
    headers: [
      ['Authorization', ''],
      ['Authorization', 'Bearer ALICE'],
    ],
    fastapi: '401, WWW-Authenticate: Bearer',
    here: '400',
    why: 'twice',
  },
  {
    what: 'a full Authorization header before an empty one',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['Authorization', ''],
    ],
    fastapi: '200, sent {"authorization":"Bearer ALICE"}',
    here: '400',
    why: 'twice',
  },
  {
    what: 'a byte from 0x80 up in a token',
    headers: authorization('Bearer caf\u00e9'),
    fastapi: '200, sent {"authorization":"Bearer café"}',
    here: '400',
    why: 'bytes',
  },
  { what: 'a control character in a token', headers: authorization('Bearer a\u0001b'), both: '400' },
  { what: 'DEL in a token', headers: authorization('Bearer a\u007fb'), both: '400' },
  {
    what: 'a token of 8,000 characters',
    headers: authorization(`Bearer ${'x'.repeat(8000)}`),
    both: '200, sent {"authorization":"Bearer x × 8000"}',
  },
  {
    what: 'a token of 15,500 characters',
    headers: authorization(`Bearer ${'x'.repeat(15500)}`),
    both: '200, sent {"authorization":"Bearer x × 15500"}',
  },
  {
    what: 'a token of 17,000 characters',
    headers: authorization(`Bearer ${'x'.repeat(17000)}`),
    fastapi: '200, sent {"authorization":"Bearer x × 17000"}',
    here: '431',
    why: 'limit',
  },
  {
    what: 'a token of 70,000 characters',
    headers: authorization(`Bearer ${'x'.repeat(70000)}`),
    fastapi: '200, sent {"authorization":"Bearer x × 70000"}',
    here: '431',
    why: 'limit',
  },
  {
    what: 'the caller’s own load balancer header beside a token',
    target: '/me',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['x-amzn-oidc-identity', 'bob'],
    ],
    both: '200, alice',
  },
  {
    what: 'a load balancer’s header and no token',
    headers: [['x-amzn-oidc-data', 'ALICE']],
    both: '401, WWW-Authenticate: Bearer',
  },
  {
    what: 'Proxy-Authorization and no Authorization',
    headers: [['Proxy-Authorization', 'Bearer ALICE']],
    both: '401, WWW-Authenticate: Bearer',
  },
  {
    what: 'X-Authorization and no Authorization',
    headers: [['X-Authorization', 'Bearer ALICE']],
    both: '401, WWW-Authenticate: Bearer',
  },
  {
    what: 'a token in the query and no header',
    target: '/sent?access_token=ALICE',
    both: '401, WWW-Authenticate: Bearer',
  },
];
