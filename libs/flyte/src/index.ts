// For applications: modules, and what is injected.
export { FlyteModule } from './flyte.module.js';
export { getFlyteToken, InjectFlyte, InjectTask, type InjectInto } from './flyte.tokens.js';
export type { FlyteModuleOptions, FlyteOptionsFactory, ServiceCredentials } from './remote/options/flyte-options.js';
export type { VerifyOptions } from './auth/verify-options.js';
export { FlyteClient } from './remote/services/flyte-client.js';
export { User, UserService } from './remote/services/user.service.js';
export { ProjectService, type Domain, type Project } from './remote/services/project.service.js';
export { SecretService, type SecretOptions, type StoredSecret } from './remote/services/secret.service.js';
export { TaskService, type DeployedTask, type TaskVersion } from './remote/tasks/task.service.js';
export { TriggerService, type DeployedTrigger } from './remote/tasks/trigger.service.js';
export { RunService } from './remote/runs/run.service.js';
export { FileService, type FileSource } from './files/file.service.js';
export type { Run, WaitOptions } from './remote/runs/run.js';
export type { RunFailure, RunInfo, RunPhase } from './remote/runs/run-info.js';
export type { LogsOptions, RunLogLine } from './remote/runs/run-logs.js';
export type { RunOptions } from './remote/runs/run-options.js';
export { TaskHandle, type CallTaskOptions } from './remote/runs/task-handle.js';
export type { CallOptions } from './remote/connection/call-options.js';
export { FlyteUser } from './remote/services/current-user.js';
export { FlyteError, type FailedRun, type FlyteErrorCode } from './errors/flyte-error.js';

// How an app logs in as itself.
export { clientCredentials, type ClientCredentialsOptions } from './remote/credentials/client-credentials.js';
export { externalCommand } from './remote/credentials/external-command.js';
export { tokenFile } from './remote/credentials/token-file.js';
export type { ServiceLogin } from './remote/options/service-login.js';

// Who calls.
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

// For `@UseGuards` and its like, and for tests that override them.
export { FlyteAuthGuard } from './auth/flyte-auth.guard.js';
export { AuthMetadataInterceptor } from './auth/auth-metadata.interceptor.js';
export { FlyteExceptionFilter } from './auth/flyte-exception.filter.js';

// Tasks.
export { Task, Tasks } from './tasks/task.decorators.js';
export { TaskEnvironment, type ImageLike, type TaskEnvironmentFields } from './tasks/task-environment.js';
export { TaskRegistry } from './tasks/task-registry.js';
export { taskRef, type TaskRef } from './tasks/task-ref.js';
export type { TaskOptions } from './tasks/task-options.js';
export type { CheckedPodTemplate, PodSpec, PodTemplate } from './tasks/pod-template.js';
export type { Resources } from './tasks/resources.js';
export type { Schema } from './tasks/schema.js';
export { Condition } from './tasks/condition.js';
export { cron, fixedRate, type Trigger } from './tasks/trigger.js';
export { TaskContext } from './runtime/task-context.js';
export { NonRecoverableError } from './runtime/non-recoverable-error.js';
export { FlyteDir } from './literals/dir.js';
export { FlyteFile } from './literals/file.js';
export { Secret, type SecretFields } from './secrets/secret.js';

// Images.
export { Image } from './images/image.js';
export type { Platform } from './images/image-names.js';
export type { NpmRegistry } from './images/npmrc.js';
export type { BuildSettings } from './images/steps/build-settings.js';
export { buildImage } from './images/build-image.js';
export type { BuildImageOptions, BuildProgress, BuiltImage } from './images/build-image-options.js';
