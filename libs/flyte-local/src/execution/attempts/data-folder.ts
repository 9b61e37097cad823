import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { InputsSchema, type Inputs } from 'nestjs-flyte/idl/task/common';
import { basename, dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INPUTS_FILE, ROOT_ACTION } from 'nestjs-flyte/protocol';
import { textOf, type ActionKey } from '../../runs/action-id.js';
import { codeOf, readRegularFile, replaceFile } from '../../state/atomic-file.js';
import { DamagedState } from '../../state/state-problem.js';

/** The files of one attempt. */
export interface AttemptPaths {
  /** Where outputs.pb, error.pb and report.html are expected. */
  readonly outputs: string;
  /** Where the task may put files that outputs refer to. */
  readonly raw: string;
  /** Where the task may leave checkpoints. */
  readonly checkpoints: string;
  /** A working directory of its own, for a task that brings its code; it is removed where nothing of it was put out. */
  readonly scratch: string;
  /** What the process wrote, line by line. */
  readonly log: string;
}

/** Where inputs, outputs and logs of runs are: files, so that a task needs no client to reach them. */
export class DataFolder {
  /** @param root a private folder */
  constructor(readonly root: string) {}

  /** The folder of a run. Project and domain may hold any character, so a digest stands for them. */
  runFolder(key: ActionKey): string {
    const digest = createHash('sha256')
      .update(textOf({ ...key, name: '' }))
      .digest('hex')
      .slice(0, 16);
    return join(this.root, 'runs', `${key.run}-${digest}`);
  }

  /** The folder of an action's inputs.pb: what calls an action puts it into a folder of its name. */
  inputsFolder(key: ActionKey): string {
    return join(this.runFolder(key), key.name === ROOT_ACTION ? ROOT_INPUTS : key.name);
  }

  /** The files of an attempt. @param attempt from 1 */
  attempt(key: ActionKey, attempt: number): AttemptPaths {
    const folder = join(this.runFolder(key), key.name, String(attempt));
    return {
      outputs: join(folder, 'outputs'),
      raw: join(folder, 'raw'),
      checkpoints: join(folder, 'checkpoints'),
      scratch: join(folder, 'scratch'),
      // Apart from what the action sees.
      log: join(this.root, 'logs', basename(this.runFolder(key)), key.name, String(attempt), 'log.jsonl'),
    };
  }

  /** The folder of inputs that are sent before their run, by project, domain and a digest of theirs in base64url. */
  uploadFolder(project: string, domain: string, digest: string): string {
    return join(this.#uploads(project, domain), digest);
  }

  /** The folder that a URI names, if it is one of the above. Who sent the inputs gets the URI, and may say any. */
  uploadAt(project: string, domain: string, uri: string): string | undefined {
    const base = `${fileUrl(this.#uploads(project, domain))}/`;
    const digest = uri.startsWith(base) ? uri.slice(base.length) : '';
    return /^[\w-]+$/.test(digest) ? this.uploadFolder(project, domain, digest) : undefined;
  }

  #uploads(project: string, domain: string): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([project, domain]))
      .digest('hex');
    return join(this.root, 'uploads', digest);
  }

  /**
   * Whether links on the way to a folder lead out of where it is. Actions write into the folders of their run, and what the plane reads, makes or
   * removes there by a path, it would do wherever a link of theirs leads.
   */
  leadsElsewhere(folder: string): boolean {
    try {
      return realpathSync(folder) !== join(realpathSync(this.root), relative(this.root, folder));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && dirname(folder) !== folder && folder.length > this.root.length) {
        return this.leadsElsewhere(dirname(folder));
      }
      return codeOf(error) !== 'ENOENT';
    }
  }

  /** Writes inputs.pb into a folder, all of it or nothing. */
  writeInputs(folder: string, bytes: Uint8Array): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(join(folder, INPUTS_FILE), bytes);
  }

  /**
   * The bytes of inputs.pb of a folder; undefined if there is none.
   *
   * @throws DamagedState where it is no file
   */
  inputBytes(folder: string): Uint8Array | undefined {
    if (this.leadsElsewhere(folder)) throw damagedInputs(folder);
    try {
      return readRegularFile(join(folder, INPUTS_FILE), 'refused');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw damagedInputs(folder);
    }
  }

  /**
   * The inputs.pb of a folder; undefined if there is none.
   *
   * @throws DamagedState
   */
  readInputs(folder: string): Inputs | undefined {
    const bytes = this.inputBytes(folder);
    try {
      return bytes === undefined ? undefined : fromBinary(InputsSchema, bytes);
    } catch {
      throw damagedInputs(folder);
    }
  }
}

function damagedInputs(folder: string): DamagedState {
  return new DamagedState(
    `The file of inputs ${join(folder, INPUTS_FILE)}`,
    `Delete the folder ${folder}: the inputs are lost.`,
  );
}

/** The folder of a run for what its root gets; no action may be called so. */
export const ROOT_INPUTS = 'inputs';

/** The file of what a task tells people: a page of HTML, mostly. */
export const REPORT = 'report.html';

/** A path as tasks are told it. */
export function fileUrl(path: string): string {
  return pathToFileURL(path).href;
}

/**
 * Where a file of a task or a client is, as they are told it, and as references in values have it: a path, since Python's SDK opens a URL of a file
 * as if it were one. On Windows a URL: of its paths, no other system says that they are absolute.
 */
export function dataReference(path: string): string {
  return sep === '/' ? path : fileUrl(path);
}
