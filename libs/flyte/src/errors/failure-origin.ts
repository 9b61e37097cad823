// Flyte's backend counts the retries of failures that are the task's own; of the system's it counts none, and starts the
// attempt again for ever (flyteorg/flyte executor/pkg/controller/taskaction_controller.go, `isSystemRetryableFailure`). So
// what may be retried is written as the task's own, and its message begins with what it really is.
const MARK = '[origin: system] ';

/** Marks the message of a failure that was not the task's fault, where its record has to say that it was. */
export function markedAsOfSystem(message: string): string {
  return MARK + message;
}

/** The message without the mark; undefined where there is none. */
export function messageOfSystem(message: string): string | undefined {
  return message.startsWith(MARK) ? message.slice(MARK.length) : undefined;
}
