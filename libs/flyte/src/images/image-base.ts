import type { DockerfileWriter } from './dockerfile-writer.js';
import { imageUri, languageVersion } from './image-names.js';

/** How {@link debianBase} is made. */
export interface DebianBaseOptions {
  /** Python's version, `3.12` without it. */
  readonly python?: string;
  /** Node's version, `24` without it, where a step needs Node. */
  readonly node?: string;
}

/** How {@link nodeBase} is made. */
export interface NodeBaseOptions {
  /** Node's version, such as `24`. */
  readonly node: string;
}

/** What an image begins with. */
export interface ImageBase {
  /** The name of the image it stands on. */
  readonly uri: string;
  /** Whether it adds something by itself, so that an image without steps is built too. */
  readonly own: boolean;
  /** Writes what comes before the first step. */
  begin(to: DockerfileWriter): void;
  /** Writes what comes after the last step. */
  finish(to: DockerfileWriter): void;
}

/**
 * The user of this library's own bases, by number: Kubernetes' `runAsNonRoot` can't tell a name from root. No official
 * image has a user of this number.
 */
export const FLYTE_USER = '10001:10001';
const HOME = '/home/flyte';

/** The slim Python image, as Flyte's official SDK has it. Node is added as soon as something needs it. */
export function debianBase(options: DebianBaseOptions = {}): ImageBase {
  const python = languageVersion('fromDebianBase option python', options.python ?? '3.12');
  const node = languageVersion('fromDebianBase option node', options.node ?? '24');
  return ownBase(`python:${python}-slim-bookworm`, (to) => {
    to.node = node;
  });
}

/** The slim Node image. */
export function nodeBase(options: NodeBaseOptions): ImageBase {
  const node = languageVersion('fromNodeBase option node', options.node);
  return ownBase(`node:${node}-bookworm-slim`, (to) => {
    to.given('node');
  });
}

/** Any image, which keeps its own user and its own working directory. */
export function foreignBase(uri: string): ImageBase {
  return { uri: imageUri(uri), own: false, begin: (to) => to.given('node'), finish: () => undefined };
}

function ownBase(uri: string, begin: (to: DockerfileWriter) => void): ImageBase {
  return {
    uri,
    own: true,
    begin: (to) => {
      to.user = 'root';
      to.add(
        'RUN groupadd --gid 10001 flyte && \\\n' +
          `    useradd --uid 10001 --gid 10001 --create-home --home-dir ${HOME} --shell /bin/sh flyte`,
      );
      to.enter(HOME);
      to.lacksFlyte = true;
      begin(to);
    },
    finish: (to) => {
      // A user whom a step chose stays.
      to.once('user', () => to.become(FLYTE_USER));
    },
  };
}
