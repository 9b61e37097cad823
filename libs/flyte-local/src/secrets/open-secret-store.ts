import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { FlyteError } from 'nestjs-flyte/protocol';
import { LocalDatabase } from '../state/local-database.js';
import { DEFAULT_STATE, MEMORY_STATE, openStateFolder, STATE_FILES } from '../state/state-folder.js';
import { openSigningKey } from '../tokens/signing-key.js';
import { openSecretKey } from './secret-key.js';
import { SecretStore } from './secret-store.js';

/** The secrets of a state folder, outside a plane. */
export interface OpenSecretStore extends Disposable {
  /** The secrets. */
  readonly store: SecretStore;
}

/**
 * Opens the secrets of a state folder. A plane may be running on it, and sees each change at once.
 *
 * @param state the folder, `.flyte-local` by default
 * @throws FlyteError `invalid_configuration` if the folder is damaged, somebody else's, or `:memory:`
 */
export async function openSecretStore(state: string = DEFAULT_STATE): Promise<OpenSecretStore> {
  if (state === MEMORY_STATE) {
    throw new FlyteError(
      'invalid_configuration',
      'A plane in memory keeps its secrets to itself. Store them by calls of its SecretService, or give it a folder.',
    );
  }
  const folder = realpathSync(openStateFolder(state));
  // By this file a later start knows the folder as one of its own.
  await openSigningKey(folder);
  const database = new LocalDatabase(join(folder, STATE_FILES.database));
  try {
    const store = new SecretStore(database, openSecretKey(folder, database));
    return { store, [Symbol.dispose]: () => database.close() };
  } catch (error) {
    database.close();
    throw error;
  }
}
