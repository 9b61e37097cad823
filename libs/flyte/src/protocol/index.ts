// What a control plane and other libraries on top of Flyte must agree on with this one. Nothing of Nest is loaded.
export { FlyteError, type FlyteErrorCode, type FlyteErrorOptions, type WireErrorCode } from '../errors/flyte-error.js';
export {
  ACTION_COMMAND,
  ACTION_SUBCOMMAND,
  actionArguments,
  parseActionArguments,
  type ActionArguments,
  type ActionTarget,
} from './action-arguments.js';
export { ERROR_FILE, INPUTS_FILE, OUTPUTS_FILE } from './action-documents.js';
export { ACTION_TOKEN_VARIABLE } from './action-token.js';
export { cronProblem } from './cron-expression.js';
export { fillTemplate, NO_CHECKPOINT, type TemplateValues } from './command-template.js';
export { MAX_RESULT_BYTES, MAX_RETRIES, MAX_TIMER_MS, ROOT_ACTION } from './limits.js';
export { isLoopback } from './loopback.js';
export { moduleReference, type ModuleReference } from './module-reference.js';
export { assertStaysInside } from './path-hazard.js';
export { primaryContainerOf, type PrimaryContainer } from './primary-container.js';
export { type RedactingStream, Redactor } from './redactor.js';

export { VerifiedTokens } from './verified-tokens.js';
export { Secret, type SecretFields } from '../secrets/secret.js';
export { SECRETS_DIR_VARIABLE, SECRETS_MOUNT } from '../secrets/read-secret.js';
export { groupClashes } from '../secrets/secret-groups.js';
export {
  areFilesTooLong,
  isVariableTooLong,
  secretNameProblem,
  type SecretPlace,
  secretValueProblem,
} from '../secrets/secret-limits.js';
export { secretFromWire, type SecretWire } from '../secrets/secret-wire.js';
