/** Options of every call to Flyte. */
export interface CallOptions {
  /** Cancels the call. It is cancelled anyway when the client of the request that it belongs to disconnects. */
  readonly signal?: AbortSignal;
  /** How long this call may take, retries included, in milliseconds; in place of the module's option. */
  readonly timeoutMs?: number;
}
