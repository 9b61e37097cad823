import type { BuildSecret } from './build-secret.js';
import type { NpmRegistries } from './npmrc.js';

/** Where pip finds packages. */
export interface PipIndexes {
  /** Arguments of pip, as words of a shell command. */
  readonly words: readonly string[];
  /** Those that the words name, and others. */
  readonly secrets: readonly BuildSecret[];
}

/** What holds for the steps that follow, unless they say otherwise. */
export interface StepDefaults {
  readonly registries: NpmRegistries;
  readonly pip: PipIndexes;
}

/** What holds without any settings: the installers' own. */
export const NO_DEFAULTS: StepDefaults = { registries: {}, pip: { words: [], secrets: [] } };
