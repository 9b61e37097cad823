// For applications.
export { FlyteModule } from './flyte.module.js';
export { getFlyteToken, InjectFlyte } from './flyte.tokens.js';
export type {
  FlyteModuleOptions,
  FlyteOptionsFactory,
  FlyteTlsOptions,
  ServiceCredentials,
} from './remote/flyte-options.js';
export type { VerifyOptions } from './auth/bearer-verifier.js';
export { FlyteClient, type FlyteClientNarrowing } from './remote/flyte-client.js';
export { User, UserService } from './remote/user.service.js';
export { Project, ProjectService, type Domain, type ListProjectsOptions } from './remote/project.service.js';
export type { CallOptions } from './remote/call-options.js';
export { CurrentUser, FlyteUser } from './remote/current-user.js';
export { FlyteError, type FlyteErrorCode, type FlyteErrorOptions, type WireErrorCode } from './errors/flyte-error.js';
export { OptionalFlyteAuth, SkipFlyteAuth } from './auth/auth.decorators.js';
export { fromAuthorization, fromCookie, fromHeader, type HeaderExtractor } from './auth/header-extractors.js';
export type { AuthHeaders, AuthMetadata } from './auth/auth-metadata.js';
export { authMetadata, bindAuthScope, getAuthMetadata, inAuthScope, runInAuthScope } from './auth/auth-scope.js';
export { rememberHandshake } from './auth/inbound-request.js';

export { Task, Tasks } from './tasks/task.decorators.js';
export { TaskEnvironment, type ImageLike, type TaskEnvironmentFields } from './tasks/task-environment.js';

// For `@UseGuards` and its like, for tests that override them, and for libraries on top of this one.
export { FlyteAuthGuard } from './auth/flyte-auth.guard.js';
export { AuthMetadataInterceptor } from './auth/auth-metadata.interceptor.js';
export { FlyteExceptionFilter } from './auth/flyte-exception.filter.js';
export { AuthPolicy } from './auth/auth-policy.js';
export { flyteConfig, type FlyteSettings } from './remote/flyte.config.js';

export { FlyteFile, type FlyteFileFields } from './literals/file.js';
export { Secret, type SecretFields } from './secrets/secret.js';
export { type SecretRequest, secretsOf } from './secrets/secret-request.js';
export { Image, type ImageNaming } from './images/image.js';
export type { DebianBaseOptions, NodeBaseOptions } from './images/image-base.js';
export type { Platform } from './images/image-names.js';
export type { NpmRegistries, NpmRegistry } from './images/npmrc.js';
export type { NpmOptions } from './images/steps/npm.js';
export type { NpmProjectOptions } from './images/steps/npm-project.js';
export type { PipOptions } from './images/steps/pip.js';
export type { SourceFolderOptions } from './images/steps/source.js';
export type { InstallOptions, RunOptions } from './images/steps/step.js';
export { buildImage, type BuildImageOptions, type BuildProgress, type BuiltImage } from './images/build-image.js';
export { TaskContext } from './runtime/task-context.js';
export { NonRecoverableError } from './runtime/non-recoverable-error.js';

// For other libraries: what a control plane needs to hand secrets to tasks.
export { assertStaysInside, pathHazard } from './secrets/path-hazard.js';
export { SECRETS_DIR_VARIABLE, SECRETS_MOUNT, secretFiles } from './secrets/read-secret.js';
export { type RedactingStream, Redactor } from './images/redactor.js';
export { SECRET_MOUNT_TYPE, secretFromWire, secretToWire, type SecretWire } from './secrets/secret-wire.js';

// For other libraries: what turns a task's values into literals and back.
export { TaskCodec, type TaskSchemas } from './literals/task-codec.js';
