// For applications.
export { FlyteModule } from './flyte.module.js';
export type { TaskFeature } from './flyte-feature.module.js';
export { getFlyteToken, getTaskToken, InjectFlyte, InjectTask, type InjectInto } from './flyte.tokens.js';
export { clientCredentials, type ClientCredentialsOptions } from './remote/credentials/client-credentials.js';
export type { ClientSecret } from './remote/credentials/client-secret.js';
export { externalCommand, type ExternalCommandOptions } from './remote/credentials/external-command.js';
export { tokenFile } from './remote/credentials/token-file.js';
export type { BearerOptions } from './remote/credentials/bearer.js';
export type { ServiceLogin } from './remote/options/service-login.js';
export type {
  AppsOwnHeaders,
  FlyteModuleOptions,
  FlyteOptionsFactory,
  FlyteTasksOptions,
  FlyteTlsOptions,
  ServiceCredentials,
} from './remote/options/flyte-options.js';
export type { VerifyOptions } from './auth/verify-options.js';
export { FlyteClient, type FlyteClientNarrowing } from './remote/services/flyte-client.js';
export { User, UserService } from './remote/services/user.service.js';
export { Project, ProjectService, type Domain, type ListProjectsOptions } from './remote/services/project.service.js';
export {
  SecretService,
  StoredSecret,
  type ListSecretsOptions,
  type SecretOptions,
} from './remote/services/secret.service.js';
export {
  DeployedTask,
  TaskService,
  type DeployOptions,
  type ListTasksOptions,
  type TaskCallOptions,
  type TaskVersion,
} from './remote/tasks/task.service.js';
export { RunService, type ListRunsOptions } from './remote/runs/run.service.js';
export {
  FileService,
  type FileOptions,
  type FileSource,
  type TextOptions,
  type UploadOptions,
} from './files/file.service.js';
export { Run, type WaitOptions } from './remote/runs/run.js';
export { RunInfo, type RunFailure, type RunPhase } from './remote/runs/run-info.js';
export { RunLogLine, type LogsOptions } from './remote/runs/run-logs.js';
export type { RunOptions } from './remote/runs/run-options.js';
export { TaskHandle, type CallTaskOptions } from './remote/runs/task-handle.js';
export type { CallOptions } from './remote/connection/call-options.js';
export { CurrentUser, FlyteUser } from './remote/services/current-user.js';
export {
  FlyteError,
  type FailedRun,
  type FlyteErrorCode,
  type FlyteErrorOptions,
  type WireErrorCode,
} from './errors/flyte-error.js';
export { OptionalFlyteAuth, SkipFlyteAuth } from './auth/auth.decorators.js';
export { fromAuthorization, fromCookie, fromHeader, type HeaderExtractor } from './auth/header-extractors.js';
export type { AuthHeaders, AuthMetadata } from './auth/auth-metadata.js';
export {
  authMetadata,
  bindAuthScope,
  detachAuthScope,
  getAuthMetadata,
  inAuthScope,
  runInAuthScope,
} from './auth/auth-scope.js';
export { rememberHandshake } from './auth/inbound-request.js';

export { Task, Tasks } from './tasks/task.decorators.js';
export { TaskEnvironment, type ImageLike, type TaskEnvironmentFields } from './tasks/task-environment.js';
export { TaskRegistry } from './tasks/task-registry.js';
export { taskRef, type TaskRef, type TaskRefOptions } from './tasks/task-ref.js';
export type { Backoff, Cache, ImplementOptions, Retries, TaskOptions, Timeout } from './tasks/task-options.js';
export type { DurationText } from './tasks/duration.js';
export type { CheckedPodTemplate, PodContainer, PodSpec, PodTemplate } from './tasks/pod-template.js';
export type { Resources } from './tasks/resources.js';
export type { Schema } from './tasks/schema.js';
export type { CallArguments, CallIn, CallOut, Given, Parsed, TaskMethod } from './tasks/typing.js';

// For `@UseGuards` and its like, for tests that override them, and for libraries on top of this one.
export { FlyteAuthGuard } from './auth/flyte-auth.guard.js';
export { AuthMetadataInterceptor } from './auth/auth-metadata.interceptor.js';
export { FlyteExceptionFilter } from './auth/flyte-exception.filter.js';
export { AuthPolicy } from './auth/auth-policy.js';
export { flyteConfig, type FlyteSettings } from './remote/options/flyte.config.js';

export { FlyteDir, type FlyteDirFields } from './literals/dir.js';
export { FlyteFile, type FlyteFileFields } from './literals/file.js';
export { Secret, type SecretFields } from './secrets/secret.js';
export { type SecretRequest, secretsOf } from './secrets/secret-request.js';
export { Image, type ImageNaming } from './images/image.js';
export type { DebianBaseOptions, NodeBaseOptions } from './images/image-base.js';
export type { Platform } from './images/image-names.js';
export type { NpmRegistries, NpmRegistry } from './images/npmrc.js';
export type { BuildSettings, ProxySettings } from './images/steps/build-settings.js';
export type { NpmOptions } from './images/steps/npm.js';
export type { NpmProjectOptions } from './images/steps/npm-project.js';
export type { PipOptions } from './images/steps/pip.js';
export type { SourceFolderOptions } from './images/steps/source.js';
export type { InstallOptions, RunOptions as ImageRunOptions } from './images/steps/step.js';
export { buildImage, type BuildImageOptions, type BuildProgress, type BuiltImage } from './images/build-image.js';
export { TaskContext } from './runtime/task-context.js';
export { NonRecoverableError } from './runtime/non-recoverable-error.js';
