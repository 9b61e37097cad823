import type { TaskSpec } from 'nestjs-flyte/idl/task/task_definition';

/** As Flyte cuts them, in characters. */
export const MAX_SHORT = 255;
const MAX_LONG = 2048;

/** Cuts the descriptions of a task, as upstream does. */
export function cutDescriptions({ environment, documentation }: TaskSpec): void {
  if (environment !== undefined) environment.description = cut(environment.description, MAX_SHORT);
  if (documentation === undefined) return;
  documentation.shortDescription = cut(documentation.shortDescription, MAX_SHORT);
  documentation.longDescription = cut(documentation.longDescription, MAX_LONG);
}

/** A text of so many characters at most. */
export function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : characters.slice(0, most).join('');
}
