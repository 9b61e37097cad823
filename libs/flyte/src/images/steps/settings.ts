import { quoted } from '../../protocol/path-hazard.js';
import { buildSecretsOf } from '../build-secret.js';
import { doubleQuoted, envPair, imageError, jsonForm, oneLine } from '../dockerfile-text.js';
import { absoluteContainerPath, containerUser } from '../image-names.js';
import { type ImageStep, listOf, type RunOptions } from './step.js';

/** A label's name, https://docs.docker.com/engine/manage-resources/labels/ */
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;
/** `$PATH` in the value of PATH. */
const OLD_PATH = /\$PATH(?![A-Za-z0-9_])|\$\{PATH\}/;

/** Command lines for the base image's `/bin/sh`, each in a layer of its own. */
export function commandsStep(commands: string | readonly string[], options: RunOptions = {}): ImageStep {
  const secrets = buildSecretsOf(options.secretMounts);
  const lines = listOf('withCommands', commands, options);
  for (const line of lines) {
    if (typeof line !== 'string' || line.trim() === '') throw imageError(`withCommands was given ${quoted(line)}.`);
    jsonForm('A command of withCommands', [line]);
  }
  return (to) => {
    for (const line of lines) to.runText(secrets, line);
  };
}

/** Variables of the image and of the steps that follow. Values are literal, but for `$PATH` in PATH. */
export function envVarsStep(variables: Readonly<Record<string, string>>): ImageStep {
  const pairs = Object.entries(variables).map(([name, value]) => {
    if (name !== 'PATH' || !OLD_PATH.test(value)) return envPair(name, value);
    const parts = oneLine('The environment variable PATH', value).split(new RegExp(OLD_PATH, 'g'));
    return `PATH="${parts.map((part) => doubleQuoted(part).slice(1, -1)).join('$PATH')}"`;
  });
  return (to) => {
    for (const pair of pairs) to.add(`ENV ${pair}`);
  };
}

/** What the image says about itself. */
export function labelsStep(labels: Readonly<Record<string, string>>): ImageStep {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!LABEL.test(name)) {
      throw imageError(`${quoted(name)} is no label; a valid example: org.opencontainers.image.source.`);
    }
    return `${doubleQuoted(name)}=${doubleQuoted(oneLine(`The label ${name}`, value))}`;
  });
  return (to) => {
    for (const pair of pairs) to.add(`LABEL ${pair}`);
  };
}

/** The folder in which the steps that follow, and the image, run. */
export function workdirStep(path: string): ImageStep {
  const folder = absoluteContainerPath('withWorkdir', path);
  return (to) => to.enter(folder);
}

/** Who runs the steps that follow, and the image. */
export function userStep(user: string): ImageStep {
  const sound = containerUser(user);
  return (to) => to.become(sound);
}
