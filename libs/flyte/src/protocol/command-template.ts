/** What Flyte puts into a container's command and arguments. */
export interface TemplateValues {
  /** Path of inputs.pb. */
  readonly input: string;
  /** Folder of inputs.pb. */
  readonly inputPrefix: string;
  /** Where outputs.pb or error.pb is to be written. */
  readonly outputPrefix: string;
  /** Where a task may put files that its outputs refer to. */
  readonly rawOutputDataPrefix: string;
  /** Where this attempt may leave checkpoints. */
  readonly checkpointOutputPrefix: string;
  /** Where the attempt before left them; two quote characters on the first attempt. */
  readonly prevCheckpointPrefix: string;
  /** When the run was due, as RFC 3339 writes it in UTC; undefined where nobody knows, and the template stays. */
  readonly runStartTime?: string | undefined;
}

/** The template of a value, as it stands in a TaskSpec. */
export function template(name: keyof TemplateValues): string {
  return `{{.${name}}}`;
}

/** How Flyte says "no previous checkpoint": the characters `""`, not an empty text. */
export const NO_CHECKPOINT = '""';

/**
 * Fills in the templates of one argument. Flyte takes them in any case and with blanks inside the braces. Anything else
 * in braces stays as it is, `{{.runName}}` and `{{.actionName}}` too: tasks read the variables RUN_NAME and ACTION_NAME.
 */
export function fillTemplate(text: string, values: TemplateValues): string {
  const byName = new Map(
    Object.entries<string | undefined>({ ...values }).map(([name, value]) => [name.toLowerCase(), value]),
  );
  // In one pass, by a function: a value is never read as a template or as a replacement pattern.
  return text.replaceAll(/\{\{\s*[.$](\w+)\s*\}\}/g, (whole, name: string) => byName.get(name.toLowerCase()) ?? whole);
}
