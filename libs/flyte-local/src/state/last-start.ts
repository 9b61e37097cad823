import { join } from 'node:path';
import { FlyteError } from 'nestjs-flyte/protocol';
import { readIfPresent, replaceFile } from './atomic-file.js';
import { STATE_FILES } from './state-folder.js';

/** What a token needs to know of the plane that it is for. */
export interface LastStart {
  /** Where the plane listened last; the issuer of tokens. */
  readonly url: string;
  /** Whom its tokens are for. */
  readonly audience: string;
}

/** What holds before a plane ran on a folder. */
export const NEVER_STARTED: LastStart = { url: 'http://127.0.0.1:8090', audience: 'flyte-local' };

/** Remembers where a plane listens, for tokens that are minted by another process. */
export function saveLastStart(folder: string, start: LastStart): void {
  replaceFile(join(folder, STATE_FILES.lastStart), `${JSON.stringify(start)}\n`);
}

/**
 * Where the last plane on a folder listened.
 *
 * @throws FlyteError `invalid_configuration` if the file is damaged
 */
export function readLastStart(folder: string): LastStart {
  const path = join(folder, STATE_FILES.lastStart);
  const text = readIfPresent(path);
  if (text === undefined) return NEVER_STARTED;
  const start = parse(text);
  if (start !== undefined) return start;
  throw new FlyteError(
    'invalid_configuration',
    `The file ${path} is damaged. Delete it; the next start of the control plane writes it again.`,
  );
}

function parse(text: string): LastStart | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('url' in value) || !('audience' in value)) return undefined;
    const { url, audience } = value;
    return typeof url === 'string' && typeof audience === 'string' ? { url, audience } : undefined;
  } catch {
    return undefined;
  }
}
