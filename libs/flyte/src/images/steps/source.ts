import { basename, posix } from 'node:path';
import { folderFiles, singleFile } from '../context-files.js';
import { containerPath } from '../image-names.js';
import type { ImageStep } from './step.js';

/** How a folder is copied. */
export interface SourceFolderOptions {
  /** What is not copied, in the syntax of `.dockerignore`, besides what the folder's own `.dockerignore` names. */
  readonly ignore?: readonly string[];
}

/**
 * One file of the machine that builds.
 *
 * @param to where it goes: a folder where it ends in `/`, else the file's path; the working directory without it
 */
export function sourceFileStep(file: string, to = './'): ImageStep {
  const target = containerPath('withSourceFile', to);
  const isFolder = target.endsWith('/') || target === '.';
  const name = isFolder ? basename(file) : posix.basename(target);
  return (writer) => writer.copy(singleFile(file, name), isFolder ? target : `${posix.dirname(target)}/`);
}

/**
 * The files in a folder of the machine that builds.
 *
 * @param to the folder they go to; one of the same name in the working directory without it
 */
export function sourceFolderStep(folder: string, to?: string, options: SourceFolderOptions = {}): ImageStep {
  const target = containerPath('withSourceFolder', to ?? `./${basename(folder)}/`);
  const files = folderFiles(folder, options.ignore);
  return (writer) => writer.copy(files, target);
}
