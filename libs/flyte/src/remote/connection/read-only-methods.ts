import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { DescMethodUnary } from '@bufbuild/protobuf';

// The IDL marks few methods; these too only read.
const READ_ONLY = new Set([
  'flyteidl2.auth.IdentityService.UserInfo',
  'flyteidl2.auth.AuthMetadataService.GetOAuth2Metadata',
  'flyteidl2.auth.AuthMetadataService.GetPublicClientConfig',
  'flyteidl2.project.ProjectService.GetProject',
  'flyteidl2.project.ProjectService.ListProjects',
  'flyteidl2.secret.SecretService.GetSecret',
  'flyteidl2.secret.SecretService.ListSecrets',
  'flyteidl2.task.TaskService.GetTaskDetails',
  'flyteidl2.task.TaskService.ListTasks',
  'flyteidl2.task.TaskService.ListVersions',
  'flyteidl2.workflow.RunService.GetRunDetails',
  'flyteidl2.workflow.RunService.GetActionDetails',
  'flyteidl2.workflow.RunService.ListRuns',
  'flyteidl2.workflow.RunService.ListActions',
  'flyteidl2.dataproxy.DataProxyService.GetActionData',
  // These sign a URL, and leave nothing behind.
  'flyteidl2.dataproxy.DataProxyService.CreateUploadLocation',
  'flyteidl2.dataproxy.DataProxyService.CreateDownloadLink',
]);

/** Whether a method changes nothing, so that it may be called again where nobody knows what became of the first call. */
export function isReadOnly(method: DescMethodUnary): boolean {
  return (
    method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS ||
    READ_ONLY.has(`${method.parent.typeName}.${method.name}`)
  );
}
