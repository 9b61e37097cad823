/** The file of a run's inputs: a `task.Inputs` message. */
export const INPUTS_FILE = 'inputs.pb';

/** The file of what a task returned: a `task.Outputs` message. */
export const OUTPUTS_FILE = 'outputs.pb';

/** The file of a failure that has a structure: a `core.ErrorDocument` message. */
export const ERROR_FILE = 'error.pb';
