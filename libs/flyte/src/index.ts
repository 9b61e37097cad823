// For applications.
export { FlyteModule } from './flyte.module.js';
export type { TaskFeature } from './flyte-feature.module.js';
export { getFlyteToken, getTaskToken, InjectFlyte, InjectTask, type InjectInto } from './flyte.tokens.js';
export { clientCredentials, type ClientCredentialsOptions } from './remote/credentials/client-credentials.js';
export type { ClientSecret } from './remote/credentials/client-secret.js';
export { externalCommand, type ExternalCommandOptions } from './remote/credentials/external-command.js';
export { tokenFile } from './remote/credentials/token-file.js';
export type { BearerOptions } from './remote/credentials/bearer.js';
export type { ServiceLogin } from './remote/credentials/service-login.js';
export type {
  AppsOwnHeaders,
  FlyteModuleOptions,
  FlyteOptionsFactory,
  FlyteTasksOptions,
  FlyteTlsOptions,
  ServiceCredentials,
} from './remote/flyte-options.js';
export type { VerifyOptions } from './auth/bearer-verifier.js';
export { FlyteClient, type FlyteClientNarrowing } from './remote/flyte-client.js';
export { User, UserService } from './remote/user.service.js';
export { Project, ProjectService, type Domain, type ListProjectsOptions } from './remote/project.service.js';
export { SecretService, StoredSecret, type ListSecretsOptions, type SecretOptions } from './remote/secret.service.js';
export {
  DeployedTask,
  TaskService,
  type DeployOptions,
  type ListTasksOptions,
  type TaskCallOptions,
  type TaskVersion,
} from './remote/task.service.js';
export { RunService, type ListRunsOptions } from './remote/run.service.js';
export {
  FileService,
  type FileOptions,
  type FileSource,
  type TextOptions,
  type UploadOptions,
} from './files/file.service.js';
export { Run, type WaitOptions } from './remote/run.js';
export { RunInfo, type RunFailure, type RunPhase } from './remote/run-info.js';
export { RunLogLine, type LogsOptions } from './remote/run-logs.js';
export type { RunOptions } from './remote/run-options.js';
export { TaskHandle, type CallTaskOptions } from './remote/task-handle.js';
export type { CallOptions } from './remote/call-options.js';
export { CurrentUser, FlyteUser } from './remote/current-user.js';
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
export { flyteConfig, type FlyteSettings } from './remote/flyte.config.js';

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

// For other libraries: what a control plane needs to hand secrets to tasks.
export { assertStaysInside, pathHazard } from './secrets/path-hazard.js';
export { SECRETS_DIR_VARIABLE, SECRETS_MOUNT, secretFiles } from './secrets/read-secret.js';
export {
  areFilesTooLong,
  isVariableTooLong,
  secretNameProblem,
  type SecretPlace,
  secretValueProblem,
} from './secrets/secret-limits.js';
export { type RedactingStream, Redactor } from './images/redactor.js';
export { secretForms } from './images/secret-forms.js';
export { groupClashes } from './secrets/secret-groups.js';
export { SECRET_MOUNT_TYPE, secretFromWire, secretToWire, type SecretWire } from './secrets/secret-wire.js';

// For other libraries: what turns a task's values into literals and back.
export { TaskCodec, type TaskSchemas } from './literals/task-codec.js';

// For other libraries: what runs tasks, and what makes them known.
export {
  ACTION_COMMAND,
  ACTION_SUBCOMMAND,
  actionArguments,
  insideAction,
  parseActionArguments,
  type ActionArguments,
  type ActionTarget,
} from './tasks/action-arguments.js';
export { type AnyTaskCodec, type TaskDefinition } from './tasks/task-definition.js';
export { taskClassesIn, collectTasks, type TaskSources } from './tasks/task-registry.js';
export type { TaskClass } from './tasks/task-metadata.js';
export type { TaskSettings } from './tasks/task-settings.js';
export { primaryContainerOf, type PrimaryContainer } from './tasks/primary-container.js';
export { buildTaskSpec, TASK_TYPE, type TaskSpecTarget } from './tasks/task-spec.js';
