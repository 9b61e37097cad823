import { brand } from '../errors/brand.js';
import {
  debianBase,
  type DebianBaseOptions,
  foreignBase,
  type ImageBase,
  nodeBase,
  type NodeBaseOptions,
} from './image-base.js';
import { imageError } from './dockerfile-text.js';
import { imageName, imagePlatform, imageRegistry, type Platform } from './image-names.js';
import { type ImagePlan, planImage, writeDockerfile } from './image-plan.js';
import { aptStep } from './steps/apt.js';
import { type BuildSettings, buildSettingsStep } from './steps/build-settings.js';
import { flyteStep } from './steps/flyte.js';
import { npmStep, type NpmOptions } from './steps/npm.js';
import { npmProjectStep, type NpmProjectOptions } from './steps/npm-project.js';
import { pipStep, type PipOptions } from './steps/pip.js';
import { commandsStep, envVarsStep, labelsStep, userStep, workdirStep } from './steps/settings.js';
import { sourceFileStep, sourceFolderStep, type SourceFolderOptions } from './steps/source.js';
import type { ImageStep, RunOptions } from './steps/step.js';

/** What an image is called and built for. What is left out stays as it was. */
export interface ImageNaming {
  /** Where it is pushed to, such as `ghcr.io/acme`. */
  readonly registry?: string;
  /** Its name in the registry, `flyte` without it. */
  readonly name?: string;
  /** What it is built for, `linux/amd64` without it, whatever the machine that builds. */
  readonly platform?: Platform;
}

interface ImageState {
  readonly base: ImageBase;
  readonly steps: readonly ImageStep[];
  readonly registry: string | undefined;
  readonly name: string;
  readonly platform: Platform;
}

const branded = brand<Image>('Image');

/**
 * A container image, declared step by step. Immutable: each `with…` answers a new image. Its tag is a hash of what is
 * built, so the same declaration has the same name on every machine. Secrets take part by name; their values are looked
 * up when the image is built, each seen by the steps that ask for it and by nothing else.
 *
 * All methods throw FlyteError `invalid_configuration` for text that could end the line of a Dockerfile, start an
 * instruction, or pass an option to an installer.
 */
export class Image {
  /** Where the image is pushed to, if anywhere. */
  readonly registry: string | undefined;
  /** The image's name without registry and tag. */
  readonly name: string;
  /** What the image is built for. */
  readonly platform: Platform;
  readonly #state: ImageState;
  /** Looked at once: the name of an image must not change while its run is on the way. */
  #plan: ImagePlan | undefined;

  private constructor(state: ImageState) {
    this.#state = state;
    this.registry = state.registry;
    this.name = state.name;
    this.platform = state.platform;
    branded.mark(this);
    Object.freeze(this);
  }

  /**
   * The slim Python image of Flyte's official SDK, Debian 12, with a user of its own who is not root. Tasks need this
   * package in it: {@link Image.withNpmProject} of a project that depends on it, or {@link Image.withFlyte}.
   */
  static fromDebianBase(options: DebianBaseOptions & ImageNaming = {}): Image {
    return Image.#from(debianBase(options)).clone(options);
  }

  /**
   * The slim Node image, Debian 12, with a user of its own who is not root. Tasks need this package in it:
   * {@link Image.withNpmProject} of a project that depends on it, or {@link Image.withFlyte}.
   */
  static fromNodeBase(options: NodeBaseOptions & ImageNaming): Image {
    return Image.#from(nodeBase(options)).clone(options);
  }

  /**
   * Any image. Its user and its working directory stay as they are. Without further steps nothing is built and its name
   * is used as it is.
   *
   * @param uri such as `ghcr.io/acme/base:1.2`
   */
  static fromBase(uri: string): Image {
    return Image.#from(foreignBase(uri));
  }

  /** Whether a value is an Image, of this copy of the library or of another one in the same process. */
  static is(value: unknown): value is Image {
    return branded.is(value);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return Image.is(value);
  }

  static #from(base: ImageBase): Image {
    return new Image({ base, steps: [], registry: undefined, name: 'flyte', platform: 'linux/amd64' });
  }

  /**
   * What the network that builds demands: certificates of its own authorities, a proxy, registries and indexes. Say it
   * first: it holds for the steps that follow. Certificates need root, whom {@link Image.fromBase} may have to be given
   * by {@link withUser}.
   */
  withBuildSettings(settings: BuildSettings): Image {
    return this.#with(buildSettingsStep(settings));
  }

  /** Debian packages: a name, or a list of names, each with its version if need be. */
  withAptPackages(packages: string | readonly string[], options?: RunOptions): Image {
    return this.#with(aptStep(packages, options));
  }

  /** Python packages. The base must hold Python: {@link Image.fromDebianBase} does. */
  withPipPackages(packages: string | readonly string[], options?: PipOptions): Image {
    return this.#with(pipStep(packages, options));
  }

  /** npm packages, importable from any folder of the image, their programs on PATH. */
  withNpmPackages(packages: string | readonly string[], options?: NpmOptions): Image {
    return this.#with(npmStep(packages, options));
  }

  /**
   * A project with an npm lockfile. Its dependencies come before its code, so that a change of the code keeps their layer.
   *
   * @param folder on the machine that builds
   */
  withNpmProject(folder: string, options?: NpmProjectOptions): Image {
    return this.#with(npmProjectStep(folder, options));
  }

  /**
   * This package with its command `nestjs-flyte`, which runs tasks, for code that comes without a project of its own. It
   * is the copy that is installed on the machine that builds, with its dependencies and Nest in the versions installed
   * there; no registry is asked for it. Throws FlyteError `invalid_configuration` once built where it finds neither.
   *
   * @param options for its dependencies, which come from a registry
   */
  withFlyte(options?: NpmOptions): Image {
    return this.#with(flyteStep(options));
  }

  /** Command lines for `/bin/sh`, each in a layer of its own. They may hold line breaks. */
  withCommands(commands: string | readonly string[], options?: RunOptions): Image {
    return this.#with(commandsStep(commands, options));
  }

  /** Variables. Values are literal, but for `$PATH` in the value of PATH. They stay in the image: no secrets. */
  withEnvVars(variables: Readonly<Record<string, string>>): Image {
    return this.#with(envVarsStep(variables));
  }

  /** Labels, such as `org.opencontainers.image.source`. */
  withLabels(labels: Readonly<Record<string, string>>): Image {
    return this.#with(labelsStep(labels));
  }

  /** The working directory of the steps that follow, and of the image. Made where it is missing. */
  withWorkdir(path: string): Image {
    return this.#with(workdirStep(path));
  }

  /** Who runs the steps that follow, and the image: `root`, a name the base knows, or numbers as `1000:1000`. */
  withUser(user: string): Image {
    return this.#with(userStep(user));
  }

  /**
   * A file of the machine that builds.
   *
   * @param to a folder where it ends in `/`, else the file's path; the working directory without it
   */
  withSourceFile(file: string, to?: string): Image {
    return this.#with(sourceFileStep(file, to));
  }

  /**
   * The files of a folder of the machine that builds, without `node_modules`, `.git`, `.env*`, the state of a
   * local control plane, and what its `.dockerignore` names.
   *
   * @param to the folder they go to; one of the same name in the working directory without it
   */
  withSourceFolder(folder: string, to?: string, options?: SourceFolderOptions): Image {
    return this.#with(sourceFolderStep(folder, to, options));
  }

  /** The same image under another name, for another registry or platform. */
  clone(naming: ImageNaming = {}): Image {
    const { registry, name, platform } = naming;
    return new Image({
      ...this.#state,
      ...(registry === undefined ? {} : { registry: imageRegistry(registry) }),
      ...(name === undefined ? {} : { name: imageName(name) }),
      ...(platform === undefined ? {} : { platform: imagePlatform(platform) }),
    });
  }

  /** Whether there is anything to build: false for {@link Image.fromBase} without steps. */
  get isBuilt(): boolean {
    return this.#state.steps.length > 0 || this.#state.base.own;
  }

  /**
   * A hash of what is built, the same on every machine: 32 hex digits. Reads the files that the image copies, once.
   *
   * @throws FlyteError `invalid_configuration` where one is missing, or where nothing is built
   */
  get tag(): string {
    return this.plan().tag;
  }

  /**
   * Registry, name and tag, as a task names its image; the base's name where nothing is built.
   *
   * @throws FlyteError as {@link tag}
   */
  get fullName(): string {
    const { registry, name, base } = this.#state;
    if (!this.isBuilt) return base.uri;
    return `${registry === undefined ? '' : `${registry}/`}${name}:${this.tag}`;
  }

  /** The Dockerfile. It holds names of secrets, never a value, and needs none of the files that the image copies. */
  dockerfile(): string {
    return writeDockerfile(this.#state.base, this.#state.steps).toString();
  }

  /** What a builder needs. For {@link buildImage}. @throws FlyteError as {@link tag} */
  plan(): ImagePlan {
    if (!this.isBuilt) throw imageError(`${this.#state.base.uri} is used as it is: there is nothing to build.`);
    const { base, steps, platform } = this.#state;
    const plan = this.#plan ?? planImage(base, steps, platform);
    this.#plan = plan;
    return plan;
  }

  /** The names only. */
  toString(): string {
    return `Image ${this.name} from ${this.#state.base.uri}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `[${this.toString()}]`;
  }

  #with(step: ImageStep): Image {
    return new Image({ ...this.#state, steps: [...this.#state.steps, step] });
  }
}
