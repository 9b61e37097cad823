import { quoted } from '../../protocol/path-hazard.js';
import { buildSecretsOf, withoutConflicts } from '../build-secret.js';
import { imageError } from '../dockerfile-text.js';
import { cacheFolder, type DockerfileWriter } from '../dockerfile-writer.js';
import { type NpmRegistries, NPMRC_FOLDER, npmrcOf } from '../npmrc.js';
import { extraWords, type ImageStep, type InstallOptions, listOf, packageWords } from './step.js';

/** How npm installs. */
export interface NpmOptions extends InstallOptions {
  /** Registries besides npm's own, by scope; `default` stands for npm's own. Their tokens never touch a layer. */
  readonly registries?: NpmRegistries;
}

/** Where packages are installed that no project asks for: importable from any folder, their programs found on PATH. */
export const NPM_PREFIX = '/opt/flyte';

/** `name@version`, `name@tag`, `name@range`: packages of a registry, no addresses. */
const PACKAGE =
  /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:@[A-Za-z0-9^~<>=|*][A-Za-z0-9.^~<>=|* +-]*)?$/;

/** Ours, which are not on npm: whoever registers these names there would be in the image. */
const OURS = /^nestjs-flyte(?:-local)?(?:@|$)/;

/** npm packages, for every program in the image. */
export function npmStep(packages: string | readonly string[], options: NpmOptions = {}): ImageStep {
  const words = packageWords(
    'withNpmPackages',
    packages,
    options,
    PACKAGE,
    '"@acme/tools" or ["@acme/tools@^2.1", "zod@4"]',
  );
  const ours = listOf('withNpmPackages', packages, options).find((name) => OURS.test(name.trim()));
  if (ours !== undefined) {
    throw imageError(
      `withNpmPackages was given ${quoted(ours)}, which is not on npm. Add the copy that is installed on this machine, ` +
        'withFlyte(), or a project that depends on it, withNpmProject(".").',
    );
  }
  const install = npmCommand('withNpmPackages', `npm install --prefix ${NPM_PREFIX}`, options);
  return (to) => {
    install(to, words);
    shareNpmPackages(to);
  };
}

/** Makes what is installed below {@link NPM_PREFIX} importable from any folder, and its programs found. */
export function shareNpmPackages(to: DockerfileWriter): void {
  to.once('npm packages', () => {
    // Node looks for packages in every folder upwards: through the link, all code finds these.
    to.add(`RUN ln -sfn ${NPM_PREFIX}/node_modules /node_modules`);
    to.prependPrograms(`${NPM_PREFIX}/node_modules`);
  });
}

/**
 * A command of npm with its registries, its secrets and its download cache.
 *
 * @param command the command's first words
 * @returns writes the step, with further words for the command
 */
export function npmCommand(
  what: string,
  command: string,
  options: NpmOptions,
): (to: DockerfileWriter, words: readonly string[]) => void {
  const own = buildSecretsOf(options.secretMounts);
  withoutConflicts([...npmrcOf(options.registries).secrets, ...own]);
  const extra = extraWords(what, options.extraArgs);
  return (to, words) => {
    const npmrc = npmrcOf({ ...to.defaults.registries, ...options.registries });
    const secrets = withoutConflicts([...npmrc.secrets, ...own]);
    const setup = npmrc.commands((token) => to.fileOf(token));
    to.once('node', () => addNode(to));
    to.run({ secrets, cache: 'npm', ...(setup.length > 0 ? { scratch: NPMRC_FOLDER } : {}) }, [
      ...setup,
      npmSettings(),
      [command, '--no-audit', '--no-fund', ...extra, ...words].join(' '),
    ]);
  };
}

/** The shell command that makes npm leave nothing outside of its download cache, which has to be mounted. */
export function npmSettings(): string {
  // npm keeps logs of its own, which would end up in the layer or in the cache.
  return `export npm_config_cache=${cacheFolder('npm')} npm_config_logs_max=0 npm_config_update_notifier=false`;
}

/** Node and npm from the official image, for a base without them. */
export function addNode(to: DockerfileWriter): void {
  const from = `node:${to.node}-bookworm-slim`;
  to.add(`COPY --from=${from} /usr/local/bin/node /usr/local/bin/node`);
  to.add(`COPY --from=${from} /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm`);
  to.add(
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \\\n' +
      '    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx',
  );
}
