/** An attempt can't be made as its task asks. Trying again would not help, and the message is for the task's author. */
export class AttemptRefused extends Error {
  override readonly name = 'AttemptRefused';
}
