import { EventEmitter, on } from 'node:events';
import { clone } from '@bufbuild/protobuf';
import { ActionDetailsSchema, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { textOf, type ActionKey } from './action-id.js';

/** Tells watchers of each change of an action, in order and without a gap. */
export class ActionFeed {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Announces the record as it is now. */
  publish(key: ActionKey, details: ActionDetails): void {
    this.#emitter.emit(textOf(key), clone(ActionDetailsSchema, details));
  }

  /**
   * The records from now on. It listens from the call on, not from the first read, so a record that is read in between
   * leaves nothing out.
   *
   * @param signal ends it with an AbortError
   */
  watch(key: ActionKey, signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    // Not inside the generator, whose body would begin at the first read.
    return unwrap(on(this.#emitter, textOf(key), { signal }));
  }
}

async function* unwrap(events: AsyncIterable<unknown[]>): AsyncGenerator<ActionDetails, void> {
  for await (const [details] of events as AsyncIterable<[ActionDetails]>) yield details;
}
