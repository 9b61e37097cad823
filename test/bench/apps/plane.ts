// The local control plane.
import { startLocalControlPlane } from 'nestjs-flyte-local';
import { answerParent, given } from './support/parent.js';

/** For actions that have children. */
export interface PlaneGiven {
  /** How many actions may run at once. */
  readonly slots: number;
}

const { slots } = given<Partial<PlaneGiven>>();
/** When calls of Enqueue were answered, in seconds. */
const enqueued: number[] = [];

const plane = await startLocalControlPlane({
  ...{ port: 0, state: ':memory:' },
  // Other rows measure a plane without.
  ...(slots !== undefined && {
    maxConcurrentActions: slots,
    interceptors: [
      (next) => async (request) => {
        const answer = await next(request);
        if (request.method.name === 'Enqueue') enqueued.push(performance.now() / 1e3);
        return answer;
      },
    ],
  }),
});
answerParent(
  {
    token: (subject: string) => plane.token(subject),
    enqueued: () => enqueued,
  },
  plane.url,
  () => plane.close(), // removes its folders
);
