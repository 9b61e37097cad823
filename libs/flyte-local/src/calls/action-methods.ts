import { type DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { ActionsService } from 'nestjs-flyte/idl/actions/actions_service';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { AuthMetadataService } from 'nestjs-flyte/idl/auth/auth_service';
import { ClusterService } from 'nestjs-flyte/idl/cluster/service';
import { DataProxyService } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { TaskService } from 'nestjs-flyte/idl/task/task_service';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import { callerOf } from './caller-context.js';

const { method: runs } = RunService;
const { method: data } = DataProxyService;
const { method: tasks } = TaskService;

/** What an action may call with the token that the plane gave it; of runs, each checks that it is its own. */
const OF_ACTIONS: readonly DescMethod[] = [
  ...Object.values(ActionsService.method),
  ...[runs.getRunDetails, runs.getActionDetails, runs.listActions, runs.watchActions, runs.watchActionDetails],
  ...[runs.abortRun, runs.abortAction, runs.signalEvent, runs.getActionDataURIs, runs.getActionLogContext],
  ...[data.getActionData, data.tailLogs],
  ...[tasks.getTaskDetails, tasks.listTasks, tasks.listVersions],
  ...[
    IdentityService.method.userInfo,
    ClusterService.method.selectCluster,
    ...Object.values(AuthMetadataService.method),
  ],
];

/** The interceptor that keeps the token of an action to what it is for. */
export function keepActionsToTheirRun(): Interceptor {
  const names = new Set(OF_ACTIONS.map(fullName));
  return (next) => async (request) => {
    if (callerOf(request.contextValues)?.run === undefined || names.has(fullName(request.method))) return next(request);
    throw new ConnectError(
      `The token of an action is good for its run alone, and ${fullName(request.method)} is about more. Give the task ` +
        'credentials of its own, as a secret.',
      Code.PermissionDenied,
    );
  };
}

/** By name, since a test may register a method with a descriptor of its own copy. */
function fullName({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}
