import type { Environment } from '../secrets/read-secret.js';
import type { BuilderName, BuildLine } from './builders/builder.js';

/** What a build tells while it goes on, secrets taken out: steps, what they print, and what was decided. */
export type BuildProgress = BuildLine | { readonly kind: 'note'; readonly text: string };

/** How an image is built. */
export interface BuildImageOptions {
  /** The builder; without it the one of `FLYTE_IMAGE_BUILDER`, else the first that works on this machine. */
  readonly builder?: BuilderName;
  /** Whether the image is pushed to its registry too. */
  readonly push?: boolean;
  /** Whether it is built even where its tag exists. Layers that did not change still come from the builder's cache. */
  readonly rebuild?: boolean;
  /** The network of the steps; the builder's own without it. */
  readonly network?: 'host' | 'none';
  /** Where secrets and the builder's settings are looked for; the variables of the process without it. */
  readonly env?: Environment;
  /** Milliseconds that the build may take, and again the push; 30 minutes without it. */
  readonly timeoutMs?: number;
  /** Ends the build early. */
  readonly signal?: AbortSignal;
  /** Gets each step and each line. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

/** What became of a build. */
export interface BuiltImage {
  /** Registry, name and tag. */
  readonly fullName: string;
  /**
   * `built`; or why not: `found_locally` and `found_in_registry` where the tag exists, `used_as_is` where the
   * declaration adds nothing to its base.
   */
  readonly outcome: 'built' | 'found_locally' | 'found_in_registry' | 'used_as_is';
  /** Whether this call pushed it. */
  readonly pushed: boolean;
  /** What its registry knows it by, `sha256:…`; undefined where it was not asked, or did not say. */
  readonly digest?: string | undefined;
  /** Name and version of the builder; undefined where none was needed. */
  readonly builder: string | undefined;
}
