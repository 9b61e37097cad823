import { EventEmitter, once } from 'node:events';
import { open } from 'node:fs/promises';
import { codeOf, notAFile, READ_ONLY } from '../../state/atomic-file.js';
import { DamagedState } from '../../state/state-problem.js';
import type { LogEntry } from './attempt-log.js';

const BLOCK_BYTES = 64 * 1024;

/** Lets readers follow the logs that are being written. */
export class LogTails {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #open = new Set<string>();

  /** Says that a log is being written from now on. */
  opened(path: string): void {
    this.#open.add(path);
  }

  /** Says that a log has further lines. */
  changed(path: string): void {
    this.#changes.emit(path);
  }

  /** Says that nothing follows in a log. */
  closed(path: string): void {
    this.#open.delete(path);
    this.#changes.emit(path);
  }

  /**
   * The lines of a log from its beginning, in blocks; it follows a log that is being written until that ends.
   *
   * @param signal ends it with an AbortError
   * @returns nothing at all if there is no such log
   * @throws DamagedState
   */
  async *tail(path: string, signal: AbortSignal): AsyncGenerator<LogEntry[], void> {
    let position = 0;
    let rest = '';
    for (;;) {
      const isOpen = this.#open.has(path);
      // Before reading, so that no change falls between the last read and the wait.
      const waiting = new AbortController();
      const changed = isOpen
        ? once(this.#changes, path, { signal: AbortSignal.any([signal, waiting.signal]) })
        : undefined;
      changed?.catch(() => {});
      try {
        for await (const block of blocksOf(path, position)) {
          signal.throwIfAborted();
          position += block.length;
          const lines = (rest + block.toString('latin1')).split('\n');
          rest = lines.pop() ?? '';
          if (lines.length > 0) yield lines.map((line) => toEntry(path, line));
        }
        if (changed === undefined) return;
        await changed;
      } finally {
        waiting.abort();
      }
    }
  }
}

/** Latin-1 keeps bytes apart until a line is whole; only then it is decoded. */
function toEntry(path: string, line: string): LogEntry {
  const entry = parsed(Buffer.from(line, 'latin1').toString());
  if (typeof entry !== 'object' || entry === null) throw damaged(path);
  const { at, from, text }: Partial<Record<string, unknown>> = { ...entry };
  if (typeof at !== 'number' || typeof text !== 'string') throw damaged(path);
  return { at, from: from === 'out' || from === 'err' ? from : 'plane', text };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function damaged(path: string): DamagedState {
  return new DamagedState(`The log ${path}`, 'Delete it: what it held is lost.');
}

async function* blocksOf(path: string, from: number): AsyncGenerator<Buffer, void> {
  let file;
  try {
    file = await open(path, READ_ONLY);
    if (!(await file.stat()).isFile()) throw notAFile();
  } catch (error) {
    await file?.close();
    if (codeOf(error) === 'ENOENT') return;
    throw codeOf(error) === 'EFTYPE' ? damaged(path) : error;
  }
  try {
    for (let position = from; ;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
