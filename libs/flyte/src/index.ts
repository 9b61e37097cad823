export { FlyteError, type FlyteErrorCode, type FlyteErrorOptions, type WireErrorCode } from './errors/flyte-error.js';

export { FlyteFile, type FlyteFileFields } from './literals/file.js';
export { Secret, type SecretFields } from './secrets/secret.js';
export { type SecretRequest, secretsOf } from './secrets/secret-request.js';

// For other libraries: what a control plane needs to hand secrets to tasks.
export { assertStaysInside, pathHazard } from './secrets/path-hazard.js';
export { SECRETS_DIR_VARIABLE, SECRETS_MOUNT, secretFiles } from './secrets/read-secret.js';
export { SECRET_MOUNT_TYPE, secretFromWire, secretToWire, type SecretWire } from './secrets/secret-wire.js';

// For other libraries: what turns a task's values into literals and back.
export { TaskCodec, type TaskSchemas } from './literals/task-codec.js';
