import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { moduleReference } from '../protocol/module-reference.js';

/** Where the file of `<file>#<export>` is. @param root the app's root, which it is relative to */
export function moduleFile(reference: string, root: string): string {
  return resolve(root, moduleReference(reference).path);
}

/**
 * Refuses the option "tasks.module" of an app whose actions run on this machine, where the file is missing. Elsewhere an
 * app need not contain its tasks: their images do.
 *
 * @param root the folder that the app was started in
 * @throws FlyteError `invalid_configuration`
 */
export function assertModuleFile(reference: string, root: string): void {
  const file = moduleFile(reference, root);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return;
  throw new FlyteError(
    'invalid_configuration',
    `Option "tasks.module": there is no file ${file}. It was looked for in ${root}, the folder that the app was started in. ` +
      'Build the app, and start it and the local control plane in the folder that the path is relative to.',
  );
}
