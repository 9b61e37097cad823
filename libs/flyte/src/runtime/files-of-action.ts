import { FlyteError } from '../errors/flyte-error.js';
import type { FileService } from '../files/file.service.js';
import { createStorageFiles } from '../files/storage-files.js';
import { currentAction } from '../action/action-scope.js';

/** The files of whichever action the running code is part of. */
export function filesOfAction(): FileService {
  return createStorageFiles(() => {
    const action = currentAction();
    if (action) return action;
    throw new FlyteError(
      'misuse',
      'FileService was called by code that is not part of the action, though this process runs one. Call it in the task, or ' +
        'while the module starts.',
    );
  });
}
