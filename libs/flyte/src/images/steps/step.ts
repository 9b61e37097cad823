import type { DockerfileWriter } from '../dockerfile-writer.js';
import type { SecretRequest } from '../../secrets/secret-request.js';
import { imageError, oneLine, shellWord } from '../dockerfile-text.js';
import { quoted } from '../../protocol/path-hazard.js';

/** One step of an image: writes its instructions. Everything was checked when the step was declared. */
export type ImageStep = (to: DockerfileWriter) => void;

/** What every step takes that runs something. */
export interface RunOptions {
  /**
   * Secrets that this step sees and no other: a Secret, by its variable or its file; the absolute path of a file on the
   * machine that builds, seen at `/run/secrets/<name>`; or the key of a Secret.
   */
  readonly secretMounts?: SecretRequest;
}

/** What every step takes that runs an installer. */
export interface InstallOptions extends RunOptions {
  /** Further arguments of the installer. Text is split at spaces; a list is taken as it is. */
  readonly extraArgs?: string | readonly string[];
}

/**
 * A value or a list of values as a list.
 *
 * @param options what was passed behind them, where Python's SDK takes further values
 * @throws FlyteError `invalid_configuration` for an empty list, and for a further value in place of options
 */
export function listOf(what: string, values: string | readonly string[], options: unknown): readonly string[] {
  const list: readonly string[] = Array.isArray(values) ? values : [values];
  if (typeof options === 'string' || Array.isArray(options)) {
    throw imageError(
      `${what} takes several as one list, and was given ${quoted(options)} in place of its options: ` +
        `write ${what}([${[list, options].flat(2).map(quoted).join(', ')}]).`,
    );
  }
  if (list.length === 0) throw imageError(`${what} takes at least one, and was given an empty list.`);
  return list;
}

/**
 * Packages as words of a shell command.
 *
 * @param options those of the installer, for {@link listOf}
 * @param rule what their names look like
 * @throws FlyteError `invalid_configuration` for anything else, options of the installer first of all
 */
export function packageWords(
  what: string,
  packages: string | readonly string[],
  options: unknown,
  rule: RegExp,
  example: string,
): string[] {
  return listOf(what, packages, options).map((name) => {
    const line = oneLine(what, name).trim();
    if (line.length <= 1024 && rule.test(line)) return shellWord(what, line);
    throw imageError(
      `${what} takes the names of packages, each its own element of a list, and was given ${quoted(name)}; ` +
        `a valid example: ${example}.`,
    );
  });
}

/** `extraArgs` as words of a shell command. */
export function extraWords(what: string, extraArgs: InstallOptions['extraArgs']): string[] {
  if (extraArgs === undefined) return [];
  const words = typeof extraArgs === 'string' ? extraArgs.split(' ').filter((word) => word !== '') : extraArgs;
  return words.map((word) => shellWord(`${what} option extraArgs`, word));
}
