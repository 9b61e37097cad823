import { lstatSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, type Duration } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ContextValues } from '@connectrpc/connect';
import {
  ArtifactType,
  type CreateDownloadLinkRequest,
  type CreateDownloadLinkResponseSchema,
  type CreateUploadLocationRequest,
  type CreateUploadLocationResponseSchema,
} from 'nestjs-flyte/idl/dataproxy/dataproxy_service';
import { dataReference, REPORT } from '../execution/attempts/data-folder.js';
import { MAX_EXPIRY_SECONDS } from '../files/signed-urls.js';
import { requireFree, uploadPlace } from '../files/upload-place.js';
import { actionKeyOf } from '../runs/action-id.js';
import type { PlaneContext } from './plane-service.js';
import { requireExistingProject } from './project-check.js';
import { requireAction } from './require-action.js';

/** Lets a caller put one file below the uploads of a project that they may touch. */
export async function createUploadLocation(
  { database, engine, signedUrls }: PlaneContext,
  request: CreateUploadLocationRequest,
  values: ContextValues,
): Promise<MessageInitShape<typeof CreateUploadLocationResponseSchema>> {
  const seconds = secondsOf(request.expiresIn);
  const path = uploadPlace(request);
  requireExistingProject(values, database, request.project);
  await requireFree(engine.data.root, path, request);
  const md5 = Buffer.from(request.contentMd5).toString('base64');
  const withMetadata = request.addContentMd5Metadata;
  const { url, expiresAtMs } = signedUrls.sign({ method: 'PUT', path, md5, withMetadata }, seconds);
  return {
    signedUrl: url,
    nativeUrl: dataReference(join(engine.data.root, path)),
    expiresAt: timestampFromMs(expiresAtMs),
    headers: {
      'Content-MD5': md5,
      // As Flyte has it, of the digest: clients must not send it.
      'Content-Length': String(md5.length),
      ...(withMetadata && { 'x-amz-meta-flyteContentMD5': md5 }),
    },
  };
}

/** Lets a caller read the report of an attempt of a run that they may see, and like Flyte nothing else. */
export function createDownloadLink(
  context: PlaneContext,
  { artifactType, source, expiresIn }: CreateDownloadLinkRequest,
  values: ContextValues,
): MessageInitShape<typeof CreateDownloadLinkResponseSchema> {
  const seconds = secondsOf(expiresIn);
  if (artifactType !== ArtifactType.REPORT || source.case !== 'actionAttemptId') {
    throw new ConnectError('Links are given to the reports of attempts only.', Code.InvalidArgument);
  }
  const { actionId, attempt } = source.value;
  const key = actionKeyOf(actionId);
  const details = requireAction(context, key, values);
  const { data } = context.engine;
  const report = join(data.attempt(key, attempt).outputs, REPORT);
  const isThere = details.attempts.some((one) => one.attempt === attempt) && isFile(report);
  if (!isThere) throw new ConnectError(`Attempt ${attempt} of this action has no report.`, Code.NotFound);
  const path = relative(data.root, report).split(sep).join('/');
  const { url, expiresAtMs } = context.signedUrls.sign({ method: 'GET', path, md5: '', withMetadata: false }, seconds);
  return { preSignedUrls: { signedUrl: [url], expiresAt: timestampFromMs(expiresAtMs) } };
}

/** Links lead anywhere, and whoever follows one reads in the plane's name. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function secondsOf(given: Duration | undefined): number {
  if (given === undefined) return MAX_EXPIRY_SECONDS;
  const seconds = Number(given.seconds) + given.nanos / 1e9;
  if (seconds > 0 && seconds <= MAX_EXPIRY_SECONDS) return seconds;
  throw new ConnectError(`expires_in must be more than 0 and at most ${MAX_EXPIRY_SECONDS} s.`, Code.InvalidArgument);
}
