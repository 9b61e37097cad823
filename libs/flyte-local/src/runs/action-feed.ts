import { EventEmitter, on } from 'node:events';
import { clone } from '@bufbuild/protobuf';
import { ActionDetailsSchema, type ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { textOf, type ActionKey } from './action-id.js';

/** No key's text: those are JSON. */
const ANY = 'any';

/** Where all actions of a run are told of. */
const runOf = (key: ActionKey): string => `run ${textOf({ ...key, name: '' })}`;

/** Where the children of an action are told of. */
const childrenOf = (parent: ActionKey): string => `children ${textOf(parent)}`;

/** Tells watchers of each change of an action, in order and without a gap. */
export class ActionFeed {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Announces the record as it is now. */
  publish(key: ActionKey, details: ActionDetails): void {
    const copy = clone(ActionDetailsSchema, details);
    this.#emitter.emit(textOf(key), copy);
    this.#emitter.emit(ANY, copy);
    this.#emitter.emit(runOf(key), copy);
    const { parent = '' } = details.metadata ?? {};
    if (parent !== '') this.#emitter.emit(childrenOf({ ...key, name: parent }), copy);
  }

  /**
   * The records from now on. It listens from the call on, not from the first read, so a record that is read in between
   * leaves nothing out.
   *
   * @param signal ends it with an AbortError
   */
  watch(key: ActionKey, signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    return this.#listen(textOf(key), signal);
  }

  /** The same of what an action called. */
  watchChildren(key: ActionKey, signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    return this.#listen(childrenOf(key), signal);
  }

  /** The same of every action of a run. */
  watchRun(key: ActionKey, signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    return this.#listen(runOf(key), signal);
  }

  /** The same of every action. */
  watchAll(signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    return this.#listen(ANY, signal);
  }

  #listen(event: string, signal: AbortSignal): AsyncGenerator<ActionDetails, void> {
    // Not inside the generator, whose body would begin at the first read.
    return unwrap(on(this.#emitter, event, { signal }));
  }
}

async function* unwrap(events: AsyncIterable<unknown[]>): AsyncGenerator<ActionDetails, void> {
  for await (const [details] of events as AsyncIterable<[ActionDetails]>) yield details;
}
