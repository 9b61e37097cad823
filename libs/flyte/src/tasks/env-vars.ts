const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// What Flyte itself sets for an action.
const FLYTES = /^(?:FLYTE_.*|_U_.*|_F_.*|RUN_NAME|ACTION_NAME)$/;

/** What is wrong with the variables of a task, each to put behind the name of the option; values are not quoted. */
export function envVarProblems(envVars: unknown): string[] {
  if (envVars === undefined) return [];
  if (typeof envVars !== 'object' || envVars === null || Array.isArray(envVars)) return ['takes an object of texts'];
  return Object.entries(envVars).flatMap(([name, value]: [string, unknown]) => {
    const shown = JSON.stringify(name.slice(0, 80));
    if (!NAME.test(name)) return [`has ${shown}, which is no name of a variable; use letters, digits and _`];
    if (FLYTES.test(name)) return [`has ${shown}, which Flyte sets itself; choose another name`];
    if (typeof value !== 'string') return [`has ${shown}, whose value is no text but a ${typeof value}`];
    return value.includes('\0') ? [`has ${shown}, whose value holds a NUL character`] : [];
  });
}
