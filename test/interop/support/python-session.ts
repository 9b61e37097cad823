import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PYTHON_BIN } from './python-environment.js';

const SESSION = join(import.meta.dirname, '../python/session.py');

/** What Python raised, as it would be seen there. */
export class PythonError extends Error {
  override readonly name = 'PythonError';

  /**
   * @param type the class of the exception
   * @param code Connect's, where Flyte refused
   */
  constructor(
    readonly type: string,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

type Answer =
  | { readonly value: unknown }
  | { readonly error: { readonly type: string; readonly code?: string; readonly message: string } };

/** One Python process that runs the functions of a file in `test/interop/python`, one after the other. */
export class PythonSession implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #printed = '';
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param file its name, without folder and `.py`
   * @param options where the process runs, and with which variables
   */
  constructor(file: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#child = spawn(join(PYTHON_BIN, 'python'), [SESSION, file], options);
    this.#child.stderr.on('data', (data) => (this.#printed += String(data)));
    // Whoever waits for an answer hears of its end.
    this.#child.stdin.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** All that the process has printed so far: its answers don't count. */
  get printed(): string {
    return this.#printed;
  }

  /**
   * Runs a function.
   *
   * @param name the function's
   * @param given its arguments, by name
   * @throws PythonError what it raised
   */
  call(name: string, given: object = {}): Promise<unknown> {
    const answer = this.#last.then(() => this.#ask({ call: name, given }));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask(question: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value: line, done } = await this.#answers.next();
    if (done === true) throw new Error(`Python ended before it answered.\n${this.#printed}`);
    const answer = JSON.parse(line) as Answer;
    if ('value' in answer) return answer.value;
    throw new PythonError(answer.error.type, answer.error.code, answer.error.message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    // It may wait for what never comes.
    this.#child.kill('SIGKILL');
    await ended;
  }
}
