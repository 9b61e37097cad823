export { FlyteError, type FlyteErrorCode, type FlyteErrorOptions, type WireErrorCode } from './errors/flyte-error.js';
