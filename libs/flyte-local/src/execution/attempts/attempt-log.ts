import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RedactingStream, Redactor } from 'nestjs-flyte/protocol';
import { codeOf } from '../../state/atomic-file.js';

/** One line of a log, as its file holds it: one JSON text per line. */
export interface LogEntry {
  /** When the plane got it, in milliseconds since 1970. */
  readonly at: number;
  /** Which stream of the process it came from; `plane` is the plane's own word. */
  readonly from: 'out' | 'err' | 'plane';
  /** The line, without its end. */
  readonly text: string;
}

/** What an attempt may log, in bytes of its file. What comes behind is dropped, and the log says so. */
export const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** How many lines of a log's end a failure quotes. */
const LAST_LINES = 12;

/** Longer lines are cut into several, in bytes. */
const MAX_LINE_BYTES = 16 * 1024;

/** Writes the log of one attempt: lines as they come, without the attempt's secrets. */
export class AttemptLog {
  readonly #handle: number;
  readonly #streams = new Map<LogEntry['from'], { readonly redacting: RedactingStream; rest: Buffer }>();
  #size = 0;
  /** Where the last whole line in the file ends. */
  #end: number;
  /** How many lines could not be written. */
  #lost = 0;
  #isFull = false;
  #last: string[] = [];

  /**
   * @param path a new file, private to this user
   * @param redactor hides the attempt's secrets
   * @param onChange is told when there are further lines in the file
   * @param onLoss is told why lines can't be written, when that begins
   */
  constructor(
    path: string,
    private readonly redactor: Redactor,
    private readonly onChange: () => void,
    private readonly onLoss: (code: string) => void,
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#handle = openSync(path, 'a', 0o600);
    this.#end = fstatSync(this.#handle).size;
  }

  /** The last lines that the process wrote, with secrets hidden; empty if it wrote none. */
  get end(): string {
    return this.#last.join('\n');
  }

  /** Takes what the process wrote. */
  write(from: 'out' | 'err', chunk: Uint8Array): void {
    const stream = this.#streams.get(from) ?? { redacting: this.redactor.stream(), rest: Buffer.alloc(0) };
    this.#streams.set(from, stream);
    stream.rest = this.#lines(from, Buffer.concat([stream.rest, stream.redacting.write(chunk)]));
  }

  /** Adds a line of the plane's own; the caller keeps values out of it. */
  note(text: string): void {
    this.#append('plane', [text]);
  }

  /** Writes what has no line end yet, and closes the file. */
  close(): void {
    for (const [from, { redacting, rest }] of this.#streams) {
      const tail = this.#lines(from, Buffer.concat([rest, redacting.end()]));
      if (tail.length > 0) this.#append(from, [tail.toString()]);
    }
    if (this.#lost > 0) this.#store([]);
    closeSync(this.#handle);
    this.onChange();
  }

  /** Writes the whole lines of some bytes, and returns the rest. */
  #lines(from: LogEntry['from'], bytes: Buffer): Buffer {
    const lines: string[] = [];
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(0x0a, at);
      const length = (end === -1 ? bytes.length : end) - at;
      if (length > MAX_LINE_BYTES) {
        lines.push(bytes.subarray(at, at + MAX_LINE_BYTES).toString());
        at += MAX_LINE_BYTES;
      } else if (end === -1) {
        break;
      } else {
        lines.push(bytes.subarray(at, end).toString().replace(/\r$/, ''));
        at = end + 1;
      }
    }
    if (lines.length > 0) this.#append(from, lines);
    return Buffer.from(bytes.subarray(at));
  }

  #append(from: LogEntry['from'], lines: readonly string[]): void {
    if (this.#isFull) return;
    const at = Date.now();
    const entries: LogEntry[] = [];
    for (const text of lines) {
      this.#size += Buffer.byteLength(text) + 64;
      if (from !== 'plane' && text.trim() !== '') this.#last = [...this.#last, text].slice(-LAST_LINES);
      if (this.#size > MAX_LOG_BYTES) {
        this.#isFull = true;
        entries.push({
          at,
          from: 'plane',
          text: `The log is longer than ${MAX_LOG_BYTES} bytes. The rest is dropped.`,
        });
        break;
      }
      entries.push({ at, from, text });
    }
    this.#store(entries);
  }

  /** A full disk costs lines, and not the plane. How many, the log says where they are missing, once there is room. */
  #store(entries: readonly LogEntry[]): void {
    const loss: LogEntry = {
      at: Date.now(),
      from: 'plane',
      text: `Here ${this.#lost} lines are missing: the disk was full.`,
    };
    const all = this.#lost === 0 ? entries : [loss, ...entries];
    const bytes = Buffer.from(all.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#handle, bytes, at);
    } catch (error) {
      // Half of a line would spoil the one behind it.
      ftruncateSync(this.#handle, this.#end);
      if (this.#lost === 0) this.onLoss(codeOf(error));
      this.#lost += entries.length;
      return;
    }
    this.#end += bytes.length;
    this.#lost = 0;
    this.onChange();
  }
}
