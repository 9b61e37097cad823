/** The longest that a timer of Node can wait, in milliseconds: 24.8 days. A longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The largest outputs.pb or error.pb, in bytes: Flyte's default. It refuses a larger one after the task has run. */
export const MAX_RESULT_BYTES = 2 * 1024 * 1024;

/** How often a task may be tried again, as Flyte's interface definition has it. */
export const MAX_RETRIES = 10;

/** The name of a run's first action, which stands for the run. */
export const ROOT_ACTION = 'a0';
