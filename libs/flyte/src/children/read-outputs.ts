import { fromBinary } from '@bufbuild/protobuf';
import { FlyteError } from '../errors/flyte-error.js';
import { type Outputs, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { MAX_RESULT_BYTES } from '../protocol/limits.js';
import { OUTPUTS_FILE } from '../protocol/action-documents.js';
import { joinUri, storageOf } from '../storage/storage-of.js';

/**
 * What a child put out.
 *
 * @param uri as Flyte says it: of the folder, or of the file itself
 * @throws FlyteError `data_loss` for what is no task.Outputs message; else as the storage does
 */
export async function readOutputs(uri: string, child: string, task: string): Promise<Outputs> {
  const file = uri.endsWith(`/${OUTPUTS_FILE}`) ? uri : joinUri(uri, OUTPUTS_FILE);
  const bytes = await (await storageOf(file)).read(file, MAX_RESULT_BYTES);
  try {
    return fromBinary(OutputsSchema, bytes);
  } catch {
    throw new FlyteError(
      'data_loss',
      `The outputs of the child ${child} of ${task} are no task.Outputs message: ${file}.`,
    );
  }
}
