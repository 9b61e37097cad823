/** The time, and who asks to be woken at one: for triggers. A test gives a clock that it sets itself. */
export interface Clock {
  /** The time, in milliseconds since 1970. */
  now(): number;
  /**
   * Has something done at a time, or soon after.
   *
   * @returns takes that back
   */
  wakeAt(instant: number, callback: () => void): () => void;
}

/** The longest sleep: a machine that slept meanwhile, or whose clock was set, is found out after that. */
const MAX_SLEEP_MS = 30_000;

/** The clock of this machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  wakeAt(instant, callback) {
    const sleep = (): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (Date.now() >= instant) callback();
          else timer = sleep();
        },
        Math.min(MAX_SLEEP_MS, Math.max(0, instant - Date.now())),
      );
    let timer = sleep();
    return () => clearTimeout(timer);
  },
};
