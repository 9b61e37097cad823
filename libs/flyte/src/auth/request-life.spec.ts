import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { beginRequest, endRequest, isObject, lifeOfHandler, lifeOfMessage, lifeOfStream } from './request-life.js';

/** Something that emits events, with the fields that an answer or a client has. */
const emitter = (fields: object = {}): EventEmitter & Record<PropertyKey, unknown> =>
  Object.assign(new EventEmitter(), fields) as EventEmitter & Record<PropertyKey, unknown>;

describe('a request that a response answers', () => {
  it('is over once the answer is, and its client is not taken for gone by the close after that', () => {
    const answer = emitter({ writableEnded: false, writableFinished: false });
    const life = lifeOfStream(answer, 'close');
    const { signal } = life;
    expect([life.isOver, life.hasLeft, signal?.aborted]).toEqual([false, false, false]);
    Object.assign(answer, { writableEnded: true, writableFinished: true, destroyed: true });
    answer.emit('close');
    expect([life.isOver, life.hasLeft, signal?.aborted]).toEqual([true, true, false]);
  });

  it.each([
    ['before the answer', { writableEnded: false, writableFinished: false }],
    ['while it is written', { writableEnded: true, writableFinished: false }],
    ['over HTTP/2, which calls itself finished then', { writableEnded: false, writableFinished: true }],
  ])('is aborted where the client leaves %s', (_when, fields) => {
    const answer = emitter(fields);
    const life = lifeOfStream(answer, 'close');
    const { signal } = life;
    answer.emit('close');
    expect(signal?.reason).toEqual(expect.objectContaining({ name: 'AbortError', message: 'the client disconnected' }));
    // Nest ends the answer besides: whoever waits is told by the signal.
    answer['writableEnded'] = true;
    expect(life.isOver).toBe(false);
  });

  it('has one signal, and one listener', () => {
    const answer = emitter();
    const life = lifeOfStream(answer, 'close');
    expect(life.signal).toBe(life.signal);
    expect(life.signal).toBeInstanceOf(AbortSignal);
    expect(answer.listenerCount('close')).toBe(1);
    expect(lifeOfStream({}, 'close').signal).toBeUndefined();
  });

  it('whose client had left before anybody asked is aborted at once, unless it was answered', () => {
    const fields = { writableFinished: true, destroyed: true };
    expect(lifeOfStream(emitter({ ...fields, writableEnded: false }), 'close').signal?.aborted).toBe(true);
    const answered = lifeOfStream(emitter({ ...fields, writableFinished: false, writableEnded: true }), 'close');
    expect([answered.signal?.aborted, answered.isOver]).toEqual([false, true]);
  });
});

describe('a call of grpc-js', () => {
  it('is cancelled once its status is sent, and its client is not gone by that', () => {
    const call = emitter({ writableEnded: false });
    const life = lifeOfStream(call, 'cancelled');
    const { signal } = life;
    call['writableEnded'] = true;
    call.emit('cancelled');
    expect([signal?.aborted, life.isOver]).toEqual([false, true]);
    const left = emitter({ writableEnded: false, writableFinished: true });
    const { signal: leftSignal } = lifeOfStream(left, 'cancelled');
    left.emit('cancelled');
    expect(leftSignal?.aborted).toBe(true);
  });

  it('whose handler answers is over when that is done', () => {
    const call = emitter();
    const life = lifeOfHandler(call, call, 'cancelled');
    const { signal } = life;
    expect(life.isOver).toBe(false);
    endRequest(call);
    call.emit('cancelled');
    expect([signal?.aborted, life.isOver]).toEqual([false, true]);
    beginRequest(call);
    expect(life.isOver).toBe(false);
    const left = emitter();
    const { signal: leftSignal } = lifeOfHandler(left, left, 'cancelled');
    left.emit('cancelled');
    expect(leftSignal?.aborted).toBe(true);
  });
});

it('a request over a connection of many ends with its handler, and its client leaves with the connection', () => {
  const [request, socket] = [{}, emitter()];
  const life = lifeOfHandler(request, socket);
  const { signal } = life;
  endRequest(request);
  expect([life.isOver, life.hasLeft]).toEqual([true, false]);
  socket.emit('close');
  expect(signal?.aborted).toBe(true);
  const lone = lifeOfHandler({});
  expect([lone.signal, lone.isOver, lone.hasLeft]).toEqual([undefined, false, false]);
});

it('what a message over a socket began may go on until that closes', () => {
  const [message, client] = [{}, emitter({ readyState: 1 })];
  const life = lifeOfMessage(message, client);
  expect(life.isOver).toBe(false);
  endRequest(message);
  expect([life.isOver, life.hasLeft]).toEqual([false, false]);
  client['readyState'] = 3;
  expect([life.isOver, life.hasLeft]).toEqual([true, true]);
  expect(lifeOfMessage({}, client).isOver).toBe(false);
  for (const event of ['close', 'disconnect']) {
    const other = emitter();
    const { signal } = lifeOfMessage({}, other);
    other.emit(event);
    expect(signal?.aborted, event).toBe(true);
  }
});

it('a client shows in many ways that it has left', () => {
  const { hasLeft } = { hasLeft: (fields: object): boolean => lifeOfMessage({}, emitter(fields)).hasLeft };
  for (const fields of [
    ...[{ destroyed: true }, { readyState: 3 }, { disconnected: true }, { cancelled: true }],
    { stream: { destroyed: true } },
  ])
    expect(hasLeft(fields), JSON.stringify(fields)).toBe(true);
  for (const fields of [
    {},
    { destroyed: false, readyState: 1 },
    { stream: {} },
    { stream: null },
    { destroyed: 'yes' },
  ])
    expect(hasLeft(fields), JSON.stringify(fields)).toBe(false);
});

it('functions are objects, too', () => {
  expect([{}, () => 1, [], null, undefined, 'a', 7].map(isObject)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
