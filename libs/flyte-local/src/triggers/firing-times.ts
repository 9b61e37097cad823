/** The times at which a trigger fires, in milliseconds since 1970. */
export interface FiringTimes {
  /** The first one behind an instant; undefined where none comes any more. */
  after(instant: number): number | undefined;
}
