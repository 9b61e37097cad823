import { FlyteError } from '../errors/flyte-error.js';
import { MAX_RESULT_BYTES } from '../protocol/limits.js';
import { joinUri, storageOf } from '../storage/storage-of.js';

const FILE = 'failed-children.json';

/**
 * The children that did not succeed in attempts of an action that failed itself: the next attempt has them run again, under other names. Where the
 * process died, the next attempt finds their failures as it finds all else.
 */
export class FailedChildren {
  readonly #now = new Set<string>();

  private constructor(
    private readonly uri: string,
    private readonly before: ReadonlySet<string>,
  ) {}

  /** @param folder the action's own, as a URI @param attempt from 1 */
  static async open(folder: string, attempt: number): Promise<FailedChildren> {
    const uri = joinUri(folder, FILE);
    return new FailedChildren(uri, attempt === 1 ? new Set() : await read(uri));
  }

  /** Whether a child failed in an attempt that failed. */
  has(name: string): boolean {
    return this.before.has(name);
  }

  /** Notes that a child has not succeeded. */
  add(name: string): void {
    this.#now.add(name);
  }

  /** Leaves them to the next attempt. */
  async save(): Promise<void> {
    if (this.#now.size === 0) return;
    const text = JSON.stringify([...this.before, ...this.#now]);
    await (await storageOf(this.uri)).write(this.uri, Buffer.from(text));
  }
}

async function read(uri: string): Promise<ReadonlySet<string>> {
  try {
    const bytes = await (await storageOf(uri)).read(uri, MAX_RESULT_BYTES);
    const names: unknown = JSON.parse(Buffer.from(bytes).toString());
    return new Set(Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []);
  } catch (error) {
    if (FlyteError.is(error) && error.code === 'not_found') return new Set();
    throw error;
  }
}
