import type { DescMessage, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import type { ContextValues, UnaryResponse } from '@connectrpc/connect';
import { MAX_TIMER_MS } from '../../protocol/limits.js';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { outsideRequests } from '../../auth/outside-requests.js';
import { credentialsOf, headersOf, nameOf, renewed, type CallLimits } from './call-parts.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
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

  /** @throws FlyteError as Flyte answers; `deadline_exceeded` after the time-out, all tries included */
  async answer(): Promise<UnaryResponse<I, O>> {
    const { caller, request, limits } = this;
    try {
      const given = credentialsOf(caller, request.signal, this.leftMs());
      this.sent = given instanceof Promise ? await given : given;
      try {
        return await this.tries();
      } catch (refusal) {
        this.sent = await renewed(refusal, caller, this.sent, request.signal, this.leftMs());
        return await this.tries();
      }
    } catch (error) {
      const { isApp } = caller;
      throw toFlyteError(error, nameOf(request.method), this.sent, { isApp, project: limits.project });
    }
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

  private async tries(): Promise<UnaryResponse<I, O>> {
    try {
      return await this.ask();
    } catch (failure) {
      if (this.limits.retries === 0 || !isReadOnly(this.request.method) || !isTransient(failure)) throw failure;
      return this.askAgain(failure);
    }
  }

  private async askAgain(failure: unknown): Promise<UnaryResponse<I, O>> {
    const { default: pRetry } = await outsideRequests(() => import('p-retry'));
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
