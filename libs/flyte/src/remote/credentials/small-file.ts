import { constants, open } from 'node:fs/promises';
import { FlyteError } from '../../errors/flyte-error.js';

/** More than any token or client's secret has, and little enough to hold. */
const MOST_BYTES = 65_536;

/**
 * The text of a file that holds a credential. Opened anew each time, so that one that was replaced, as Kubernetes swaps the
 * links of its volumes, is read as it is now.
 *
 * @param what the file is, as a sentence begins
 * @throws FlyteError `failed_precondition` where it can't be read; its content is not quoted
 */
export async function readSmallFile(what: string, path: string): Promise<string> {
  try {
    // Without waiting for who would write into a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new Error('it is no file');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES + 1));
    if (bytesRead > MOST_BYTES) throw new Error('it is too large');
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    throw new FlyteError('failed_precondition', `${what} ${JSON.stringify(path)} can't be read: ${reason(error)}.`, {
      fault: 'operator',
    });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is none. Correct the path, or mount it';
  if (code === 'EACCES') return 'this process may not read it';
  return code ?? error.message;
}
