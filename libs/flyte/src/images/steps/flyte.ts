import { installedCopy } from '../installed-copy.js';
import { npmCommand, NPM_PREFIX, type NpmOptions, shareNpmPackages } from './npm.js';
import type { ImageStep } from './step.js';

/** The copy's folder in the image. npm links to it, so it stays. */
const COPY = `${NPM_PREFIX}/nestjs-flyte`;

/**
 * This package and its command, for code that comes without a project: the copy that is installed on the machine that
 * builds. A registry is asked for its dependencies alone, in the versions that are installed there too.
 */
export function flyteStep(options: NpmOptions = {}): ImageStep {
  const install = npmCommand('withFlyte', `npm install --prefix ${NPM_PREFIX}`, options);
  return (to) =>
    to.once('flyte', () => {
      to.lacksFlyte = false;
      to.copy(installedCopy(), COPY);
      install(to, [COPY]);
      shareNpmPackages(to);
    });
}
