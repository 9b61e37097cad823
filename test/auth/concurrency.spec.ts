import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Sse, type MessageEvent } from '@nestjs/common';
import { FlyteModule, FlyteUser, User, UserService } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { concatMap, defer, delay, exhaustMap, from, map, take, timer, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type Running } from '../support/app.js';
import { ask, bearer, open } from '../support/http.js';
import { startPlane } from '../support/plane.js';

const soon = (): number => Math.random() * 20;

@Controller()
class Slow {
  constructor(private readonly users: UserService) {}

  @Get('promise') async promise() {
    await sleep(soon());
    const { subject } = await this.users.get();
    await sleep(soon());
    return { subjects: [subject, (await this.users.get()).subject] };
  }
  @Get('observable') observable(): Observable<object> {
    return timer(soon()).pipe(
      exhaustMap(() => from(this.users.get())),
      delay(soon()),
      exhaustMap(({ subject }) =>
        defer(() => this.users.get()).pipe(map((again) => ({ subjects: [subject, again.subject] }))),
      ),
    );
  }
  @Get('timer') timer() {
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        this.users.get().then(({ subject }) => resolve({ subjects: [subject] }), reject);
      }, soon());
    });
  }
  @Get('param') param(@FlyteUser() one: User, @FlyteUser() two: User) {
    return { subjects: [one.subject, two.subject] };
  }
  @Sse('sse') sse(): Observable<MessageEvent> {
    return timer(soon(), 10).pipe(
      take(3),
      concatMap(() => from(this.users.get())),
      map(({ subject }) => ({ data: subject })),
    );
  }
}

const REQUESTS = 1_000;
const AT_ONCE = 200;

describe.each(ADAPTERS)('1,000 callers at once on %s', { timeout: 600_000 }, (adapter) => {
  let plane: LocalControlPlane;
  let app: Running;
  let calls = 0;
  beforeAll(async () => {
    plane = await startPlane({
      interceptors: [
        (next) => async (request) => {
          calls++;
          await sleep(soon());
          return next(request);
        },
      ],
    });
    const imports = [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })];
    app = await startApp({ adapter, controllers: [Slow], imports });
  });
  afterAll(async () => {
    await app.app.close();
    await plane.close();
  });

  it('are each answered as themselves: promises, Observables, timers, parameters and server-sent events', async () => {
    const routes = ['/promise', '/observable', '/timer', '/param', '/sse'];
    const queue = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, i) => {
        const subject = `user-${i}`;
        return { subject, route: routes[i % routes.length] ?? '', token: await plane.token(subject) };
      }),
    );
    let answered = 0;
    const worker = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const { subject, route, token } = next;
        // oxlint-disable-next-line no-await-in-loop -- the next request of this worker
        const { text } = await ask(app.url, route, { headers: bearer(token) });
        const found =
          route === '/sse' ? text.match(/(?<=^data: ).*/gm) : (JSON.parse(text) as { subjects?: string[] }).subjects;
        expect(found, `${route}: ${text}`).toEqual(
          Array.from({ length: route === '/sse' ? 3 : (found?.length ?? 1) }, () => subject),
        );
        answered++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(answered).toBe(REQUESTS);
    expect(calls).toBe((REQUESTS / routes.length) * (2 + 2 + 1 + 1 + 3));
  });

  it('a request without credentials in between stays without', async () => {
    const token = await plane.token('alice');
    const [mine, theirs] = await Promise.all([
      ask(app.url, '/promise', { headers: bearer(token) }),
      ask(app.url, '/promise'),
    ]);
    expect([mine.status, theirs.status]).toEqual([200, 401]);
  });

  it('an event stream goes on as its caller, whatever else happens', async () => {
    const response = await open(app.url, '/sse', { headers: bearer(await plane.token('streamer')) });
    await ask(app.url, '/promise', { headers: bearer(await plane.token('other')) });
    let text = '';
    for await (const chunk of response) text += String(chunk);
    expect(text.match(/(?<=^data: ).*/gm)).toEqual(['streamer', 'streamer', 'streamer']);
  });
});
