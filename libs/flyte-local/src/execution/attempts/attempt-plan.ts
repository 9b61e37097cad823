import { dirname, join } from 'node:path';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  INPUTS_FILE,
  fillTemplate,
  NO_CHECKPOINT,
  primaryContainerOf,
  SECRETS_DIR_VARIABLE,
  type TemplateValues,
} from 'nestjs-flyte/protocol';
import type { RunSpec } from 'nestjs-flyte/idl/task/run';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { podNameOf, type ActionKey } from '../../runs/action-id.js';
import { AttemptRefused } from './attempt-refused.js';
import { dataReference, fileUrl, type AttemptPaths, type DataFolder } from './data-folder.js';
import { givenVariables, type Variables } from './environment.js';
import { referredData } from './referred-data.js';

/** What an attempt is made from. */
export interface AttemptRequest {
  /** The action. */
  readonly key: ActionKey;
  /** Its record. */
  readonly details: ActionDetails;
  /** What its run was asked to be. */
  readonly runSpec: RunSpec;
  /** The attempt's number, from 1. */
  readonly attempt: number;
}

/** What of an attempt follows from its request alone: no secret, nothing of the host. */
export interface AttemptPlan {
  /** Its files. */
  readonly paths: AttemptPaths;
  /** The command, its templates filled in. */
  readonly command: readonly [string, ...string[]];
  /** What the task's author and the run's caller set; of one name, the later of these. */
  readonly given: Variables;
  /** What Flyte sets: whose run it is, nobody else may say. */
  readonly flyte: Variables;
  /** An entry of the environment that only this attempt's processes have. */
  readonly marker: string;
  /** Whether the task unpacks its code where it runs, as Python's does where it was not built into an image. */
  readonly bringsCode: boolean;
  /** The folders of the plane's data that the attempt may see; some may be missing. */
  readonly shown: readonly string[];
}

/** What Python's SDK has a container's arguments say of an archive of code; it is unpacked in the working directory. */
const CODE_FLAGS = /^--(?:tgz|pkl)(?:=|$)/;

/** The variable by which every process of an attempt can be told from all others. */
export const ATTEMPT_VARIABLE = 'FLYTE_LOCAL_ATTEMPT';

/** Where a run keeps what goes into its actions, as tasks are told it. */
const RUN_BASE_VARIABLE = '_U_RUN_BASE';

/**
 * Plans an attempt.
 *
 * @param endpoint the plane's URL
 * @throws AttemptRefused if the task has no command, or asks for what can't be given to a process
 */
export function planAttempt(data: DataFolder, endpoint: string, request: AttemptRequest): AttemptPlan {
  const { key, details, runSpec, attempt } = request;
  const task = details.spec.case === 'task' ? details.spec.value.taskTemplate : undefined;
  const container = primaryContainerOf(task);
  const paths = data.attempt(key, attempt);
  const earlier = attempt === 1 ? undefined : data.attempt(key, attempt - 1).checkpoints;
  const values = templateValues(data, request, paths, earlier);
  const [file, ...args] = [...(container?.command ?? []), ...(container?.args ?? [])].map((text) =>
    fillTemplate(text, values),
  );
  if (file === undefined || file === '') {
    throw new AttemptRefused(
      'The task has no container with a command. The local control plane runs commands on this machine; it has no images.',
    );
  }
  const folder = data.runFolder(key);
  const base = fileUrl(folder);
  const own = fileUrl(dirname(paths.outputs));
  return {
    paths,
    command: [file, ...args],
    given: givenVariables([...(container?.env ?? []), ...(runSpec.envs?.values ?? [])]),
    flyte: {
      ...{ ...flyteVariables(request), ...endpointVariables(endpoint) },
      ...{ [RUN_BASE_VARIABLE]: base, [ATTEMPT_VARIABLE]: own },
    },
    bringsCode: args.some((arg) => CODE_FLAGS.test(arg)),
    shown: [
      // All of the run: an action gives its children their inputs, and reads what they put out.
      folder,
      ...referredData(data, key, args),
    ],
    marker: `${ATTEMPT_VARIABLE}=${own}`,
  };
}

function templateValues(
  data: DataFolder,
  { key, runSpec: { runStartTime } }: AttemptRequest,
  paths: AttemptPaths,
  earlier: string | undefined,
): TemplateValues {
  const inputs = data.inputsFolder(key);
  return {
    input: fileUrl(join(inputs, INPUTS_FILE)),
    inputPrefix: fileUrl(inputs),
    outputPrefix: fileUrl(paths.outputs),
    rawOutputDataPrefix: dataReference(paths.raw),
    checkpointOutputPrefix: fileUrl(paths.checkpoints),
    // To the second, as upstream.
    runStartTime:
      runStartTime &&
      timestampDate(runStartTime)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
    prevCheckpointPrefix: earlier === undefined ? NO_CHECKPOINT : fileUrl(earlier),
  };
}

/** As Flyte's pod plugin sets them (flyteorg/flyte flytek8s/k8s_resource_adds.go), the older names of the task's parts included. */
function flyteVariables({ key, details, attempt }: AttemptRequest): Variables {
  const task = details.metadata?.spec.case === 'task' ? details.metadata.spec.value.id : undefined;
  const { project = '', domain = '', name = '', version = '' } = task ?? {};
  return {
    FLYTE_INTERNAL_EXECUTION_ID: key.run,
    FLYTE_INTERNAL_EXECUTION_PROJECT: key.project,
    FLYTE_INTERNAL_EXECUTION_DOMAIN: key.domain,
    _F_PN: podNameOf(key, attempt),
    FLYTE_ATTEMPT_NUMBER: String(attempt - 1),
    FLYTE_INTERNAL_TASK_PROJECT: project,
    FLYTE_INTERNAL_TASK_DOMAIN: domain,
    FLYTE_INTERNAL_TASK_NAME: name,
    FLYTE_INTERNAL_TASK_VERSION: version,
    FLYTE_INTERNAL_PROJECT: project,
    FLYTE_INTERNAL_DOMAIN: domain,
    FLYTE_INTERNAL_NAME: name,
    FLYTE_INTERNAL_VERSION: version,
    ACTION_NAME: key.name,
    RUN_NAME: key.run,
    // What Flyte's backend says where nobody names an organization; Python's runtime refuses an empty one.
    _U_ORG_NAME: details.id?.run?.org || 'local',
  };
}

/**
 * Where an action that calls Flyte finds it. With the scheme, where a cluster says host and port: without it, Python's SDK would send no
 * credentials over plaintext. `_U_USE_ACTIONS` has it call its children by ActionsService.
 */
function endpointVariables(endpoint: string): Variables {
  return { _U_EP_OVERRIDE: endpoint, _U_INSECURE: String(endpoint.startsWith('http:')), _U_USE_ACTIONS: '1' };
}

/**
 * What a task is told of how its secrets arrive, as Flyte's default secret manager has it.
 *
 * @param variables those that carry secrets
 * @param folder that of secret files
 */
export function secretsVariables(variables: Variables, folder: string | undefined): Variables {
  return {
    ...(Object.keys(variables).length > 0 && { FLYTE_SECRETS_ENV_PREFIX: '_UNION_' }),
    ...(folder !== undefined && { [SECRETS_DIR_VARIABLE]: folder, FLYTE_SECRETS_FILE_PREFIX: '' }),
  };
}
