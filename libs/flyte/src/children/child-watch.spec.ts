import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import {
  type WatchForUpdatesResponse,
  WatchForUpdatesResponseSchema,
} from '../gen/flyteidl2/actions/actions_service_pb.js';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { ChildWatch } from './child-watch.js';

const { RUNNING, SUCCEEDED, FAILED } = ActionPhase;
const update = (name: string, phase: ActionPhase) =>
  create(WatchForUpdatesResponseSchema, { message: { case: 'actionUpdate', value: { actionId: { name }, phase } } });
const sentinel = create(WatchForUpdatesResponseSchema, {
  message: { case: 'controlMessage', value: { sentinel: true } },
});
const never = new AbortController().signal;

/** Streams that give these messages, and then end with an error or stay open. */
function streams(...given: readonly (readonly [readonly WatchForUpdatesResponse[], FlyteError?])[]) {
  let opened = 0;
  const open = async function* (signal: AbortSignal): AsyncGenerator<WatchForUpdatesResponse> {
    const [messages, error] = given[(opened += 1) - 1] ?? [[]];
    yield* messages;
    if (error) throw error;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  return { open, opened: () => opened };
}

describe('a watch of children', () => {
  it('knows what there was before the mark, and tells of each end, also of one that came first', async () => {
    const { open } = streams([[update('a', SUCCEEDED), update('b', RUNNING), sentinel, update('b', FAILED)]]);
    const watch = new ChildWatch(open);
    await watch.synced;
    expect(['a', 'b', 'c'].map((name) => watch.knows(name))).toEqual([true, true, false]);
    expect((await watch.end('a', never)).phase).toBe(SUCCEEDED);
    expect((await watch.end('b', never)).phase).toBe(FAILED);
    watch.close();
  });

  it('goes on in another stream where one is lost, which tells what happened meanwhile', async () => {
    const lost = new FlyteError('unavailable', 'lost');
    const { open, opened } = streams([[update('a', RUNNING), sentinel], lost], [[update('a', SUCCEEDED), sentinel]]);
    const watch = new ChildWatch(open);
    expect((await watch.end('a', never)).phase).toBe(SUCCEEDED);
    expect(opened()).toBe(2);
    watch.close();
  });

  it('fails everybody who waits with what no other stream would change', async () => {
    const refused = new FlyteError('permission_denied', 'not yours');
    const watch = new ChildWatch(streams([[], refused]).open);
    await expect(watch.synced).rejects.toBe(refused);
    await expect(watch.end('a', never)).rejects.toBe(refused);
    watch.close();
  });

  it('lets go of who gives up, and of nobody else', async () => {
    const watch = new ChildWatch(streams([[sentinel]]).open);
    const control = new AbortController();
    const waiting = watch.end('a', control.signal);
    control.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(watch.end('a', control.signal)).rejects.toThrow('enough');
    watch.close();
  });
});
