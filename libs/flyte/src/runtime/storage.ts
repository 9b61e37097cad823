/** Where Flyte keeps what goes into an action and what comes out of it, under URIs of one scheme. */
export interface Storage {
  /**
   * The bytes under a URI.
   *
   * @param maxBytes how many there may be
   * @throws FlyteError `not_found`, `out_of_range` above the limit, `unavailable` where the storage itself failed,
   * `invalid_argument` for a URI that names nothing here
   */
  read(uri: string, maxBytes: number): Promise<Uint8Array>;
  /**
   * Puts bytes under a URI, all of them or none: no reader ever sees a part.
   *
   * @throws FlyteError `unavailable` where the storage failed, `invalid_argument` for a URI that names nothing here
   */
  write(uri: string, bytes: Uint8Array): Promise<void>;
}
