import { createHash } from 'node:crypto';
import { toJson } from '@bufbuild/protobuf';
import { TypedInterfaceSchema } from '../gen/flyteidl2/core/interface_pb.js';
import type { Inputs } from '../gen/flyteidl2/task/common_pb.js';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';
import { canonicalBytes } from '../literals/canonical-bytes.js';

/** What the names of an action's children follow from. */
export interface ChildIdentity {
  readonly kind: 'task' | 'step' | 'question';
  /** What is called, the same in every attempt and for every version of the image. */
  readonly what: string;
  /** What it is called with; a digest. */
  readonly inputs: string;
  readonly group: string | undefined;
  /** The name of the step that it is called in: one that is recorded asks for nothing any more, and must not change the numbers of others. */
  readonly step?: string | undefined;
  /** In place of inputs and number. */
  readonly key?: string | undefined;
}

/** Names the children of one action: by what is called, and by how many equal calls came before. */
export class ChildNames {
  readonly #calls = new Map<string, number>();

  /**
   * @param parent the action's name
   * @param isSpent whether a name stands for a failure that is not to be found again
   */
  constructor(
    private readonly parent: string,
    private readonly isSpent: (name: string) => boolean,
  ) {}

  /**
   * Counts a call, at once: in the order of the calls.
   *
   * @returns gives its name, 25 characters of a DNS label, once it is known what is spent
   */
  next({ kind, what, inputs, group = '', step = '', key }: ChildIdentity): () => string {
    const call = JSON.stringify([this.parent, step, kind, what, key === undefined ? inputs : { key }, group]);
    const number = key === undefined ? (this.#calls.get(call) ?? 0) + 1 : 0;
    if (number > 0) this.#calls.set(call, number);
    return () => {
      let name = nameOf(`${call} ${number}`);
      for (let again = 1; this.isSpent(name); again += 1) name = nameOf(`${call} ${number} ${again}`);
      return name;
    };
  }
}

function nameOf(call: string): string {
  const digest = createHash('sha256').update(call).digest().subarray(0, 16);
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .padStart(25, '0');
}

/**
 * What a task is, for the names of its runs: its name, its types, and the version of its code that its author or compiler gave it; not its image, nor
 * what else may differ from one deployment to the next.
 */
export function identityOf({ taskTemplate }: TaskSpec): string {
  const types = taskTemplate?.interface && toJson(TypedInterfaceSchema, taskTemplate.interface);
  const version = taskTemplate?.metadata?.discoveryVersion ?? '';
  return createHash('sha256')
    .update(JSON.stringify([taskTemplate?.id?.name ?? '', sorted(types), version]))
    .digest('hex');
}

/** A digest of inputs, whatever the order of keys: an object that is filled by several at once has another one each time. */
export function digestOf(inputs: Inputs): string {
  return createHash('sha256').update(canonicalBytes(inputs)).digest('hex');
}

/**
 * What the outputs of a child may be kept under for others that are called so; undefined where its task is not cached. Flyte's backend takes it for the
 * version of the cache, and would take none for all versions.
 */
export function cacheKeyOf(spec: TaskSpec, inputs: Inputs): string | undefined {
  const { discoverable = false, cacheIgnoreInputVars = [] } = spec.taskTemplate?.metadata ?? {};
  if (!discoverable) return undefined;
  const literals = inputs.literals.filter(({ name }) => !cacheIgnoreInputVars.includes(name));
  return createHash('sha256')
    .update(JSON.stringify([identityOf(spec), digestOf({ ...inputs, literals })]))
    .digest('base64');
}

/** With the keys of objects in order: a map of protobuf may come back in another one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, field]) => [key, sorted(field)]);
}
