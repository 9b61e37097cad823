import { authorization, cookie, type Row } from './row.js';

/** Extractors of an app’s own: a header, one that throws, `Authorization`, and a header of which one makes another. */
export const extractors: readonly Row[] = [
  { what: 'no credentials', app: 'keys', both: '401, WWW-Authenticate: Bearer' },
  {
    what: 'the header of a custom extractor',
    app: 'keys',
    headers: [['X-Api-Key', 'k1']],
    both: '200, sent {"x-api-key":"k1"}',
  },
  {
    what: 'the header of a custom extractor, in lower case',
    app: 'keys',
    headers: [['x-api-key', 'k1']],
    both: '200, sent {"x-api-key":"k1"}',
  },
  {
    what: 'the header of a custom extractor, in upper case',
    app: 'keys',
    headers: [['X-API-KEY', 'k1']],
    both: '200, sent {"x-api-key":"k1"}',
  },
  {
    what: 'an empty header of a custom extractor',
    app: 'keys',
    headers: [['X-Api-Key', '']],
    both: '401, WWW-Authenticate: Bearer',
  },
  {
    what: 'the header of a custom extractor twice',
    app: 'keys',
    headers: [
      ['X-Api-Key', 'k1'],
      ['X-Api-Key', 'k2'],
    ],
    fastapi: '200, sent {"x-api-key":"k1"}',
    here: '400',
    why: 'twice',
  },
  {
    what: 'a byte from 0x80 up in the header of a custom extractor',
    app: 'keys',
    headers: [['X-Api-Key', 'caf\u00e9']],
    fastapi: '200, sent {"x-api-key":"café"}',
    here: '400',
    why: 'bytes',
  },
  {
    what: 'what two extractors find',
    app: 'keys',
    headers: [
      ['X-Api-Key', 'k1'],
      ['Authorization', 'Bearer ALICE'],
    ],
    both: '200, sent {"authorization":"Bearer ALICE","x-api-key":"k1"}',
  },
  {
    what: 'what an extractor finds behind one that throws',
    app: 'keys',
    headers: authorization('Bearer ALICE'),
    both: '200, sent {"authorization":"Bearer ALICE"}',
  },
  {
    what: 'what an extractor finds behind one that throws, on a handler that asks Flyte',
    app: 'keys',
    target: '/me',
    headers: authorization('Bearer ALICE'),
    both: '200, alice',
  },
  {
    what: 'a header that an extractor makes another of',
    app: 'keys',
    headers: [['X-User-Token', 'ALICE']],
    both: '200, sent {"authorization":"Bearer ALICE"}',
  },
  {
    what: 'a header that an extractor makes another of, on a handler that asks Flyte',
    app: 'keys',
    target: '/me',
    headers: [['X-User-Token', 'ALICE']],
    both: '200, alice',
  },
  {
    what: 'a header that an extractor makes another of, on a POST',
    app: 'keys',
    method: 'POST',
    headers: [['X-User-Token', 'ALICE']],
    both: '200, sent {"authorization":"Bearer ALICE"}',
  },
  {
    what: 'one name that two extractors find',
    app: 'keys',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['X-User-Token', 'BOB'],
    ],
    both: '200, sent {"authorization":"Bearer BOB"}',
  },
  {
    what: 'one name that two extractors find, sent in the other order',
    app: 'keys',
    headers: [
      ['X-User-Token', 'BOB'],
      ['Authorization', 'Bearer ALICE'],
    ],
    both: '200, sent {"authorization":"Bearer BOB"}',
  },
  {
    what: 'one name that two extractors find, on a handler that asks Flyte',
    app: 'keys',
    target: '/me',
    headers: [
      ['Authorization', 'Bearer ALICE'],
      ['X-User-Token', 'BOB'],
    ],
    both: '200, bob',
  },
  {
    what: 'a cookie, which no extractor looks for',
    app: 'keys',
    headers: cookie('a=1'),
    both: '401, WWW-Authenticate: Bearer',
  },
  {
    what: 'a cookie, which no extractor looks for, beside a key',
    app: 'keys',
    headers: [
      ['Cookie', 'a=1'],
      ['X-Api-Key', 'k1'],
    ],
    both: '200, sent {"x-api-key":"k1"}',
  },
  {
    what: 'a cookie beside a header of its own, on a POST',
    app: 'keys',
    method: 'POST',
    headers: [
      ['Cookie', 'a=1'],
      ['X-User-Token', 'ALICE'],
    ],
    fastapi: '200, sent {"authorization":"Bearer ALICE"}',
    here: '403',
    why: 'ambient',
  },
  {
    what: 'a key alone, on a handler that asks Flyte',
    app: 'keys',
    target: '/me',
    headers: [['X-Api-Key', 'k1']],
    fastapi: '500',
    here: '401, WWW-Authenticate: Bearer',
    why: 'refusedByFlyte',
  },
];
