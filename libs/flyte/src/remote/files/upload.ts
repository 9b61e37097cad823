import type { Client } from '@connectrpc/connect';
import { FlyteError } from '../../errors/flyte-error.js';
import type { DataProxyService } from '../../gen/flyteidl2/dataproxy/dataproxy_service_pb.js';
import type { CallOptions } from '../connection/call-options.js';
import type { PutSource } from './put-source.js';
import type { ProjectId } from '../options/project-id.js';
import { signedPut, type TransferOptions } from './signed-put.js';

/** What an upload is called in Flyte's storage. */
export interface UploadPlace extends ProjectId {
  /** The last part of its URI; with slashes in it, for a file of a folder. */
  readonly filename: string;
  /** The folder; named by the content where it is not given, so that the same file is there once. */
  readonly filenameRoot?: string;
}

/** How long a location is valid, as in the Python SDK. Stores look at it when an upload begins. */
const LOCATION_SECONDS = 60n;

/**
 * Puts bytes into Flyte's storage as the caller: Flyte decides where and whether. The Python SDK's `remote/_data.py`.
 *
 * @returns the URI by which tasks find them
 * @throws FlyteError `already_exists` where the folder has another file of that name; what Flyte answers; as
 * {@link signedPut}
 */
export async function uploadAsCaller(
  data: Client<typeof DataProxyService>,
  place: UploadPlace,
  source: PutSource,
  call: CallOptions,
  transfer: TransferOptions,
): Promise<string> {
  const request = {
    ...place,
    contentMd5: source.md5,
    expiresIn: { seconds: LOCATION_SECONDS },
    // Without it Google's store would not compare the digest.
    addContentMd5Metadata: true,
  };
  const locate = async (): ReturnType<typeof data.createUploadLocation> => {
    const location = await data.createUploadLocation(request, call);
    if (location.nativeUrl !== '') return location;
    throw new FlyteError('internal', 'Flyte answered without a place for the file.');
  };
  return signedPut(locate, source, { ...transfer, signal: call.signal });
}
