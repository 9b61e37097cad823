import { statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../../secrets/path-hazard.js';
import { chosenFiles, type ContextFiles, folderFiles } from '../context-files.js';
import { imageError } from '../dockerfile-text.js';
import { absoluteContainerPath } from '../image-names.js';
import { npmCommand, type NpmOptions } from './npm.js';
import type { ImageStep } from './step.js';

/** How a project is installed. */
export interface NpmProjectOptions extends NpmOptions {
  /** The project's folder in the image; the working directory without it, `/app` where the base names none. */
  readonly to?: string;
  /** What is not copied, in the syntax of `.dockerignore`, besides what the project's own `.dockerignore` names. */
  readonly ignore?: readonly string[];
}

const LOCKFILES = ['package-lock.json', 'npm-shrinkwrap.json'];

/** A project with a lockfile: its dependencies first, which stay while only its code changes, then the rest of it. */
export function npmProjectStep(folder: string, options: NpmProjectOptions = {}): ImageStep {
  const target = options.to === undefined ? undefined : absoluteContainerPath('withNpmProject option to', options.to);
  const install = npmCommand('withNpmProject', 'npm ci --omit=dev', options);
  const files = lockedProject(folder, folderFiles(folder, options.ignore));
  return (to) => {
    to.lacksFlyte = false;
    to.enter(target ?? to.workdir ?? '/app');
    to.copy(chosenFiles(files, isAboutDependencies), './');
    install(to, []);
    to.copy(files, './');
    // Before the image's own programs: a project that brings this package runs its own copy of it.
    to.prependPath(`${to.workdir}/node_modules/.bin`);
  };
}

/** Package files of workspaces count: npm asks for each of them. */
function isAboutDependencies(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === 'package.json' || LOCKFILES.includes(path) || path === '.npmrc';
}

function lockedProject(folder: string, files: ContextFiles): ContextFiles {
  return {
    list: () => {
      if (!LOCKFILES.some((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())) {
        throw imageError(
          `withNpmProject needs a lockfile, ${LOCKFILES.join(' or ')}, in ${quoted(folder)}: ` +
            'run npm install there, and commit the lockfile.',
        );
      }
      return files.list();
    },
  };
}
