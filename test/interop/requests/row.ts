import type { Adapter } from '../../support/app.js';
import type { Reason } from './reasons.js';

/** Which of the apps is asked; each is there twice, behind FastAPI's middleware and behind this library. */
export type App = 'plain' | 'keys' | 'cors';

/** A request, as it goes over the wire. `ALICE` and `BOB` stand for their tokens. */
export interface Asked {
  /** In a few words; no two rows have the same. */
  readonly what: string;
  /** `plain` by default. */
  readonly app?: App;
  /** `GET` by default; `WS` opens a WebSocket and sends one message. */
  readonly method?: string;
  /** `/sent` by default, which answers with what would travel to Flyte. */
  readonly target?: string;
  /** Names and values in order, repeated ones included. A character is a byte. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** What every request of the table has. */
interface Common extends Asked {
  /** What this library answers in an app on Fastify, where that looks for handlers otherwise than Express does. */
  readonly fastify?: string;
}

/** A request that both answer alike. */
export interface SameRow extends Common {
  readonly both: string;
}

/** A request that FastAPI answers in one way and this library in another, for a reason. */
export interface DifferentRow extends Common {
  readonly fastapi: string;
  readonly here: string;
  readonly why: Reason;
}

/** A request, and its answers as `send` puts them. */
export type Row = SameRow | DifferentRow;

/** The header `Authorization` alone. */
export function authorization(value: string): Asked['headers'] {
  return [['Authorization', value]];
}

/** The header `Cookie` alone. */
export function cookie(value: string): Asked['headers'] {
  return [['Cookie', value]];
}

/** What this library answers. */
export function answerHere(row: Row, adapter: Adapter = 'express'): string {
  if (adapter === 'fastify' && row.fastify !== undefined) return row.fastify;
  return 'both' in row ? row.both : row.here;
}

/** What FastAPI answers behind the official middleware. */
export function answerOfFastApi(row: Row): string {
  return 'both' in row ? row.both : row.fastapi;
}
