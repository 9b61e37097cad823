import type { DescMessage, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import type { ContextValues, UnaryResponse } from '@connectrpc/connect';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import type { FlyteError } from '../../errors/flyte-error.js';
import { MAX_TIMER_MS } from '../../protocol/limits.js';
import { credentialsOf, headersOf, nameOf, renewed, type CallLimits } from './call-parts.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { loadRetry } from './load-retry.js';
import { isReadOnly } from './read-only-methods.js';
import { isTransient, toFlyteError } from './upstream-error.js';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;

/** What is asked of Flyte. */
export interface UnaryRequest<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly input: MessageInitShape<I>;
  /** Headers beside those of the caller, as `new Headers` takes them. */
  readonly header: unknown;
  readonly contextValues: ContextValues | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
}

/** One call with one answer, made as a caller. One object, since thousands of them may wait at a time. */
export class UnaryCall<I extends DescMessage, O extends DescMessage> {
  private readonly deadline: number;
  private sent: AuthMetadata | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly request: UnaryRequest<I, O>,
    private readonly caller: Caller,
    private readonly limits: CallLimits,
    timeoutMs = limits.timeoutMs,
  ) {
    // Timers fire at once for what they can't wait, and Infinity is how a caller says "never".
    this.deadline = Date.now() + Math.min(Math.max(timeoutMs, 0), MAX_TIMER_MS);
  }

  /**
   * A call that goes well adds one promise to those of Connect: under AsyncLocalStorage, promises are what costs, most of all on
   * Node 20, which tells hooks of each.
   *
   * @throws FlyteError as Flyte answers; `deadline_exceeded` after the time-out, all tries included
   */
  answer(): Promise<UnaryResponse<I, O>> {
    try {
      const given = credentialsOf(this.caller, this.request.signal, this.leftMs());
      if (given instanceof Promise) return this.answerLater(given);
      this.sent = given;
      return this.ask().catch((failure: unknown) => this.recover(failure));
    } catch (error) {
      return Promise.reject(this.failed(error));
    }
  }

  private async answerLater(given: Promise<AuthMetadata | undefined>): Promise<UnaryResponse<I, O>> {
    try {
      this.sent = await given;
    } catch (error) {
      // Without credentials nothing is asked, let alone again.
      throw this.failed(error);
    }
    return this.ask().catch((failure: unknown) => this.recover(failure));
  }

  /** After a failure: asks again where that may help, and with other credentials where Flyte refused those. */
  private async recover(failure: unknown): Promise<UnaryResponse<I, O>> {
    const { caller, request } = this;
    try {
      try {
        return await this.askAgain(failure);
      } catch (refusal) {
        this.sent = await renewed(refusal, caller, this.sent, request.signal, this.leftMs());
        return await this.ask().catch((again: unknown) => this.askAgain(again));
      }
    } catch (error) {
      throw this.failed(error);
    }
  }

  private failed(error: unknown): FlyteError {
    const { isApp } = this.caller;
    return toFlyteError(error, nameOf(this.request.method), this.sent, { isApp, project: this.limits.project });
  }

  private leftMs(): number {
    return this.deadline - Date.now();
  }

  private ask(): Promise<UnaryResponse<I, O>> {
    const { method, signal, header, input, contextValues } = this.request;
    // Never under one millisecond: Connect takes 0 for "no deadline".
    const leftMs = Math.max(1, this.leftMs());
    const headers = headersOf(header, this.caller, this.sent);
    return this.connection.calls.unary(method, signal, leftMs, headers, input, contextValues);
  }

  /** Repeats a call that only reads and that something passing has kept from Flyte; throws any other failure. */
  private async askAgain(failure: unknown): Promise<UnaryResponse<I, O>> {
    if (this.limits.retries === 0 || !isReadOnly(this.request.method) || !isTransient(failure)) throw failure;
    const pRetry = await loadRetry();
    // The failure that was is the first of the tries that it counts.
    const failed = (): never => {
      throw failure;
    };
    return pRetry((attempt) => (attempt === 1 ? failed() : this.ask()), {
      retries: this.limits.retries,
      minTimeout: FIRST_BACKOFF_MS,
      maxTimeout: MAX_BACKOFF_MS,
      randomize: true,
      maxRetryTime: Math.max(0, this.leftMs()),
      signal: this.request.signal,
      shouldRetry: ({ error }) => isTransient(error) && this.leftMs() > 0,
    });
  }
}
