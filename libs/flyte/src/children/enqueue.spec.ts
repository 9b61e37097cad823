import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { ActionsService } from '../gen/flyteidl2/actions/actions_service_pb.js';
import { toFlyteError } from '../remote/connection/upstream-error.js';
import { enqueue } from './enqueue.js';

const never = new AbortController().signal;

/** A client of which each call fails in turn with these, and then succeeds. */
function failing(...errors: readonly ConnectError[]) {
  let calls = 0;
  const transport = createRouterTransport(({ service }) => {
    service(ActionsService, {
      enqueue() {
        const error = errors[(calls += 1) - 1];
        if (error) throw error;
        return {};
      },
    });
  });
  const client = createClient(ActionsService, transport);
  const asFlyte = async (...args: Parameters<typeof client.enqueue>) =>
    client.enqueue(...args).catch((error: unknown) => {
      throw toFlyteError(error, 'ActionsService.Enqueue', undefined, { isApp: true });
    });
  return { client: { ...client, enqueue: asFlyte }, calls: () => calls };
}

describe('what is enqueued', () => {
  it.each([Code.Unavailable, Code.FailedPrecondition, Code.Internal, Code.ResourceExhausted])(
    'is tried again after a failure that may pass (%s)',
    async (code) => {
      const { client, calls } = failing(new ConnectError('not now', code));
      await enqueue(client, {}, never);
      expect(calls()).toBe(2);
    },
  );

  it.each([
    ['by its code', new ConnectError('there', Code.AlreadyExists)],
    ['in the words of Kubernetes', new ConnectError('failed to create: "r-x" already exists', Code.Internal)],
  ])('is as good where it is known, %s', async (_, error) => {
    const { client, calls } = failing(error);
    await enqueue(client, {}, never);
    expect(calls()).toBe(1);
  });

  it.each([Code.Aborted, Code.InvalidArgument, Code.NotFound, Code.PermissionDenied, Code.Unauthenticated])(
    'fails at once with what another try would not change (%s)',
    async (code) => {
      const { client, calls } = failing(new ConnectError('no', code), new ConnectError('no', code));
      await expect(enqueue(client, {}, never)).rejects.toMatchObject({ message: expect.stringContaining('no') });
      expect(calls()).toBe(1);
    },
  );

  it('is given up with its signal', async () => {
    const control = new AbortController();
    const { client } = failing(...Array.from({ length: 20 }, () => new ConnectError('not now', Code.Unavailable)));
    const waiting = enqueue(client, {}, control.signal);
    control.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
