import { EventEmitter } from 'node:events';
import { HttpException, Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { addLastResort, FlyteExceptionFilter } from './flyte-exception.filter.js';

const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
afterEach(() => log.mockClear());
/** What an adapter of Nest does when it answers, as far as Nest's own filter asks for it. */
const reply = vi.fn<(response: unknown, body: unknown, status: number) => void>();
const adapter = { isHeadersSent: () => false, reply };
const filter = new FlyteExceptionFilter(adapter as never);

function hostOf(type: string, ...args: unknown[]): ExecutionContextHost {
  const host = new ExecutionContextHost(args);
  host.setType(type);
  return host;
}
const httpHost = (response: object): ExecutionContextHost =>
  hostOf('http', { method: 'GET', url: '/', headers: {} }, response);
const unauthenticated = (): FlyteError => new FlyteError('unauthenticated', 'Expired.');
const broken = (): FlyteError => new FlyteError('internal', 'hidden');
const caught = (error: FlyteError, host: ExecutionContextHost): unknown => {
  try {
    return filter.catch(error, host);
  } catch (thrown) {
    return thrown;
  }
};

describe('over HTTP', () => {
  it('the answer has the status that fits, and a 401 says how to authenticate', () => {
    const setHeader = vi.fn<() => void>();
    caught(unauthenticated(), httpHost({ setHeader }));
    expect(reply.mock.lastCall?.slice(1)).toEqual([
      { statusCode: 401, message: 'Expired.', error: 'Unauthorized' },
      401,
    ]);
    expect(setHeader.mock.calls).toEqual([['WWW-Authenticate', 'Bearer']]);
    expect(log).not.toHaveBeenCalled();
    caught(broken(), httpHost({ setHeader }));
    expect(reply.mock.lastCall?.[2]).toBe(502);
    expect(setHeader).toHaveBeenCalledOnce();
    expect(log).toHaveBeenCalledWith(expect.stringContaining('internal: hidden'));
  });

  it('an answer that has begun is ended, not begun once more', () => {
    reply.mockClear();
    const end = vi.fn<() => void>();
    caught(broken(), httpHost({ raw: { headersSent: true, end } }));
    expect(end).toHaveBeenCalledOnce();
    expect(reply).not.toHaveBeenCalled();
  });
});

it('GraphQL gets an exception of HTTP, what is unknown gets the error itself', () => {
  expect(caught(unauthenticated(), hostOf('graphql'))).toBeInstanceOf(HttpException);
  const error = broken();
  expect(caught(error, hostOf('discord'))).toBe(error);
  expect(caught(error, hostOf('http', 'a library’s own'))).toBe(error);
});

it('a socket is sent the event exception, and the fault is logged once', () => {
  const send = vi.fn<(text: string) => void>();
  caught(broken(), hostOf('ws', { readyState: 1, send }, {}, 'event'));
  expect(send.mock.calls[0]?.[0]).toContain('"message":"Flyte: internal"');
  expect(log).toHaveBeenCalledOnce();
});

describe('over a microservice', () => {
  const answer = (error: FlyteError): Promise<unknown> =>
    firstValueFrom(caught(error, hostOf('rpc', {}, {})) as Observable<unknown>).catch((one: unknown) => one);

  it('the answer is Nest’s, with the number of gRPC’s code', async () => {
    expect(await answer(unauthenticated())).toEqual({
      status: 'error',
      code: 16,
      message: 'Expired.',
      details: 'Expired.',
    });
    expect(await answer(new FlyteError('canceled', 'Gone.'))).toMatchObject({ code: 1 });
    expect(await answer(new FlyteError('misuse', 'hidden'))).toMatchObject({ code: 13, message: 'Flyte: misuse' });
    expect(await answer(new FlyteError('not_found', 'hidden', { fault: 'operator' }))).toMatchObject({ code: 13 });
  });

  it('a raw call of gRPC is told by its callback, or else by an event', async () => {
    const call = Object.assign(new EventEmitter(), { getPeer: () => '' });
    const seen: unknown[] = [];
    call.on('error', (error) => seen.push(['event', error]));
    const expected = expect.objectContaining({ code: 16 }) as unknown;
    const ended = [
      caught(
        unauthenticated(),
        hostOf('rpc', call, (error: object) => seen.push(['callback', error])),
      ),
      caught(unauthenticated(), hostOf('rpc', call)),
    ] as Observable<unknown>[];
    expect(await Promise.all(ended.map((one) => lastValueFrom(one)))).toEqual([undefined, undefined]);
    expect(seen).toEqual([
      ['callback', expected],
      ['event', expected],
    ]);
  });
});

it('the filter is added before the app’s own, or the app does not start', () => {
  const addGlobalFilter = vi.fn<(one: object) => void>();
  addLastResort(filter, { container: { applicationConfig: { addGlobalFilter } } } as unknown as ModuleRef);
  expect(addGlobalFilter.mock.calls).toEqual([[filter]]);
  for (const unknown of [{}, { container: {} }] as unknown[]) {
    const refused = { code: 'internal', message: 'This version of NestJS is not known to FlyteModule.' };
    expect(() => addLastResort(filter, unknown as ModuleRef)).toThrow(expect.objectContaining(refused));
  }
});
