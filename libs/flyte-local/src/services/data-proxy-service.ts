import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { DataProxyService, type UploadInputsRequest } from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { LogLineOriginator } from 'nestjs-flyte/idl/logs/dataplane/payload';
import { InputsSchema, OutputsSchema, type Outputs } from 'nestjs-flyte/idl/task/common';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { INPUTS_FILE, OUTPUTS_FILE } from 'nestjs-flyte/protocol';
import { fileUrl, type DataFolder } from '../execution/attempts/data-folder.js';
import { readOutputs } from '../execution/attempts/attempt-result.js';
import { actionKeyOf, podNameOf } from '../runs/action-id.js';
import { lastAttempt } from '../runs/action-record.js';
import { folderOf } from './action-update.js';
import { createDownloadLink, createUploadLocation } from './file-links.js';
import { CLUSTER, noLogs } from './log-context.js';
import type { PlaneService } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { requireAction } from './require-action.js';

/** Inputs, outputs and logs, with the semantics of Flyte's open-source backend. */
export const dataProxyService: PlaneService = {
  register(router, context) {
    const { data, tails } = context.engine;
    router.service(DataProxyService, {
      getActionData({ actionId }, { values }) {
        const key = actionKeyOf(actionId);
        const details = requireAction(context, key, values);
        const folder = data.inputsFolder(key);
        const inputs = data.readInputs(folder);
        const outputs = outputsOf(data, details);
        return {
          inputs: inputs ?? create(InputsSchema),
          inputsUri: inputs === undefined ? '' : fileUrl(join(folder, INPUTS_FILE)),
          outputs: outputs?.message ?? create(OutputsSchema),
          outputsUri: outputs?.uri ?? '',
        };
      },
      uploadInputs(request, { values }) {
        const { project, domain } = projectOf(request);
        requireExistingProject(values, context.database, project);
        const bytes = toBinary(InputsSchema, request.inputs ?? create(InputsSchema));
        const inputsHash = createHash('sha256').update(bytes).digest('base64url');
        const folder = data.uploadFolder(project, domain, inputsHash);
        data.writeInputs(folder, bytes);
        return { offloadedInputData: { uri: fileUrl(folder), inputsHash } };
      },
      createUploadLocation: (request, { values }) => createUploadLocation(context, request, values),
      createDownloadLink: (request, { values }) => createDownloadLink(context, request, values),
      async *tailLogs({ actionId, attempt }, { values, signal }) {
        const key = actionKeyOf(actionId);
        const details = requireAction(context, key, values);
        if (details.attempts[attempt - 1]?.logsAvailable !== true) {
          throw noLogs(attempt);
        }
        const container = { clusterName: CLUSTER, kubernetesPodName: podNameOf(key, attempt) };
        try {
          for await (const entries of tails.tail(data.attempt(key, attempt).log, signal)) {
            const lines = entries.map(({ at, from, text }) => ({
              timestamp: timestampFromMs(at),
              message: text,
              originator: from === 'plane' ? LogLineOriginator.SYSTEM : LogLineOriginator.USER,
            }));
            yield { logs: [{ lines, container }] };
          }
        } catch (error) {
          throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
        }
      },
    });
  },
};

/** Outputs of a success only: a failed attempt may have left half of a file. */
function outputsOf(
  data: DataFolder,
  details: ActionDetails,
): { readonly message: Outputs; readonly uri: string } | undefined {
  const uri = lastAttempt(details).outputs?.outputUri ?? '';
  if (uri === '') return undefined;
  const folder = folderOf(data, details);
  const message = data.leadsElsewhere(folder) ? undefined : readOutputs(folder);
  if (message === undefined) throw new ConnectError('The outputs of this run are gone.', Code.NotFound);
  return { message, uri: fileUrl(join(folder, OUTPUTS_FILE)) };
}

function projectOf({ id }: UploadInputsRequest): { readonly project: string; readonly domain: string } {
  switch (id.case) {
    case 'runId':
      return id.value;
    case 'projectId':
      return { project: id.value.name, domain: id.value.domain };
    default:
      throw new ConnectError('The request has neither a run id nor a project id.', Code.InvalidArgument);
  }
}
