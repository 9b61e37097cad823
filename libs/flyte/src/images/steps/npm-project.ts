import { quoted } from '../../protocol/path-hazard.js';
import { type ContextEntry, type ContextFiles, folderFiles, named } from '../context-files.js';
import { imageError } from '../dockerfile-text.js';
import { absoluteContainerPath } from '../image-names.js';
import { LOCKFILES, lockedTarballs } from '../npm-lockfile.js';
import { npmCommand, type NpmOptions, npmSettings } from './npm.js';
import type { ImageStep } from './step.js';

/** How a project is installed. */
export interface NpmProjectOptions extends NpmOptions {
  /** The project's folder in the image; the working directory without it, `/app` where the base names none. */
  readonly to?: string;
  /** What is not copied, in the syntax of `.dockerignore`, besides what the project's own `.dockerignore` names. */
  readonly ignore?: readonly string[];
  /**
   * Files that the scripts of its packages need, such as a schema or patches, in the syntax of `.dockerignore`. They are
   * there before `npm ci`; when one of them changes, the dependencies are installed again.
   */
  readonly include?: readonly string[];
}

/** A project with a lockfile: its dependencies first, which stay while only its code changes, then the rest of it. */
export function npmProjectStep(folder: string, options: NpmProjectOptions = {}): ImageStep {
  const target = options.to === undefined ? undefined : absoluteContainerPath('withNpmProject option to', options.to);
  const install = npmCommand('withNpmProject', 'npm ci --omit=dev', options);
  const files = folderFiles(folder, options.ignore);
  return (to) => {
    to.lacksFlyte = false;
    to.enter(target ?? to.workdir ?? '/app');
    to.copy(dependencyFiles(folder, files, options.include ?? []), './');
    install(to, []);
    to.copy(files, './');
    // npm links no program that is not there yet: those of workspaces are now.
    to.run({ secrets: [], cache: 'npm' }, [
      npmSettings(),
      `if grep -qs '"link": true' ${LOCKFILES.join(' ')}; then npm rebuild --ignore-scripts; fi`,
    ]);
    // Before the image's own programs: a project that brings this package runs its own copy of it.
    to.prependPrograms(`${to.workdir}/node_modules`);
  };
}

/** What `npm ci` reads: package files, those of workspaces too, the lockfile, tarballs, and what scripts need. */
function dependencyFiles(folder: string, files: ContextFiles, include: readonly string[]): ContextFiles {
  return {
    list: () => {
      const entries = files.list();
      const tarballs = lockedTarballs(folder, new Set(entries.map(({ path }) => path)));
      const wanted = new Set<string>([...LOCKFILES, '.npmrc', ...tarballs, ...included(entries, include)]);
      return entries.filter(({ path }) => wanted.has(path) || /(?:^|\/)package\.json$/.test(path));
    },
  };
}

function included(entries: readonly ContextEntry[], include: readonly string[]): string[] {
  for (const pattern of include) {
    if (pattern.startsWith('!') || entries.some(({ path }) => named([pattern])(path))) continue;
    throw imageError(
      `withNpmProject option include names ${quoted(pattern)}, and no file that is copied is called so. ` +
        'It takes the syntax of .dockerignore; a valid example: ["prisma/schema.prisma", "patches"].',
    );
  }
  const chosen = named(include);
  return entries.map(({ path }) => path).filter(chosen);
}
