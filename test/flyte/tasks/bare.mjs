// The process of a container that is not ours: `node bare.mjs PREFIX WHAT…` puts into its output prefix what it is told to,
// such as `outputs` or `SYSTEM.RECOVERABLE`, which is an error.pb of that origin and kind, and ends with 0. After `drained` it
// does so in two starts: it leaves the error.pb when it is asked to end, with 143, and what else it was told in the next.
import { create, toBinary } from '@bufbuild/protobuf';
import { ContainerError_Kind, ErrorDocumentSchema, ExecutionError_ErrorKind } from 'nestjs-flyte/idl/core/execution';
import { joinUri, storageOf } from '../../../libs/flyte/dist/storage/storage-of.js';

const [, , prefix = '', ...told] = process.argv;
const storage = await storageOf(prefix);
const errorFile = joinUri(prefix, 'error.pb');

/** @param {string} what */
async function leave(what) {
  if (what === 'outputs') return storage.write(joinUri(prefix, 'outputs.pb'), new Uint8Array());
  const [origin, kind] = /** @type {[keyof typeof ExecutionError_ErrorKind, keyof typeof ContainerError_Kind]} */ (
    what.split('.')
  );
  const message = `left behind: ${what}`;
  const error = { code: 'Left', message, origin: ExecutionError_ErrorKind[origin], kind: ContainerError_Kind[kind] };
  return storage.write(errorFile, toBinary(ErrorDocumentSchema, create(ErrorDocumentSchema, { error })));
}

if (told[0] === 'drained') {
  const [, error = '', ...rest] = told;
  const isSecond = await storage.read(errorFile, 1024 * 1024).then(
    () => true,
    () => false,
  );
  if (isSecond) await Promise.all(rest.map(leave));
  else {
    process.once('SIGTERM', () => void leave(error).then(() => process.exit(143)));
    process.stdout.write('waiting\n');
    setInterval(() => undefined, 60_000);
  }
} else await Promise.all(told.map(leave));
