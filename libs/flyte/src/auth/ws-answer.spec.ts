import { Logger } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsException } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { answerWebSocket, toWsException } from './ws-answer.js';

const log = vi.fn<(line: string) => void>();
const logger = Object.assign(new Logger(), { error: log });
const hostOf = (client: object): ExecutionContextHost => new ExecutionContextHost([client, { data: 1 }, 'event']);
const notFound = (): FlyteError => new FlyteError('not_found', 'No such run.');
const ANSWER = { status: 'error', message: 'No such run.', code: 'not_found', cause: { pattern: 'event' } };

describe('an error over a socket', () => {
  it('is Nest’s exception and ours, and tells what a client may read', () => {
    const exception = toWsException(notFound(), hostOf({}), logger);
    expect(exception).toBeInstanceOf(WsException);
    expect(exception).toBeInstanceOf(FlyteError);
    expect(exception).toMatchObject({ code: 'not_found', message: 'No such run.' });
    expect(exception.getError()).toEqual(ANSWER);
    expect(toWsException(exception as unknown as FlyteError, hostOf({}), logger)).toBe(exception);
    expect(log).not.toHaveBeenCalled();
  });

  it('that is the server’s fault is logged, and only its code is told', () => {
    const told = (error: FlyteError): unknown => toWsException(error, hostOf({}), logger).getError();
    expect(told(new FlyteError('unavailable', 'hidden'))).toMatchObject({
      message: 'Flyte: unavailable',
      code: 'unavailable',
    });
    expect(log).toHaveBeenLastCalledWith(expect.stringContaining('unavailable: hidden'));
    expect(told(new FlyteError('not_found', 'hidden', { fault: 'operator' }))).toMatchObject({
      ...{ message: 'Flyte: internal', code: 'internal' },
    });
  });

  it('is sent to a client of ws as Nest 12 sends it, and to others by Nest', () => {
    const send = vi.fn<(text: string) => void>();
    const emit = vi.fn<(...args: unknown[]) => void>();
    answerWebSocket(notFound(), hostOf({ readyState: 1, send }), logger);
    expect(JSON.parse(send.mock.calls[0]?.[0] ?? '')).toEqual({ event: 'exception', data: ANSWER });
    for (const client of [{ emit }, { emit, send }, { emit, readyState: 1 }, { emit, readyState: 'open', send }])
      answerWebSocket(notFound(), hostOf(client), logger);
    expect(emit.mock.calls).toEqual(Array.from({ length: 4 }, () => ['exception', ANSWER]));
    expect(send).toHaveBeenCalledOnce();
  });
});
