import { quoted } from '../protocol/path-hazard.js';
import { imageError } from './dockerfile-text.js';

/** What an image can be built for, as Flyte's official SDK has it. */
export const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

/** One of {@link PLATFORMS}. */
export type Platform = (typeof PLATFORMS)[number];

// The grammar of https://github.com/distribution/reference, without its upper-case hosts.
const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?`;
const PART = String.raw`[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`;
const NAME = new RegExp(`^${PART}(?:/${PART})*$`);
const REGISTRY = new RegExp(`^${HOST}(?:/${PART})*$`);
const URI = new RegExp(
  `^(?:${HOST}/)?${PART}(?:/${PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
);
const PATH = /^[A-Za-z0-9._@+~:/-]+$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;
const VERSION = /^[0-9]+(?:\.[0-9]+){0,2}$/;

/**
 * A full image name, such as `python:3.12-slim-bookworm`.
 *
 * @throws FlyteError `invalid_configuration`, as all functions here
 */
export function imageUri(uri: string): string {
  return matching(URI, 'The image name', uri, 'ghcr.io/acme/base:1.2');
}

/** Where an image is pushed to: a host with its port, and folders. */
export function imageRegistry(registry: string): string {
  return matching(REGISTRY, 'Image field registry', registry, 'ghcr.io/acme');
}

/** An image's own name, without registry and tag. */
export function imageName(name: string): string {
  return matching(NAME, 'Image field name', name, 'signing-tasks');
}

/** One of {@link PLATFORMS}. */
export function imagePlatform(platform: string): Platform {
  const known = PLATFORMS.find((each) => each === platform);
  if (known === undefined) {
    throw imageError(`Image field platform takes ${PLATFORMS.join(' or ')}, and was given ${quoted(platform)}.`);
  }
  return known;
}

/** A path inside the image, with none of the characters that a builder or a shell reads as something else. */
export function containerPath(what: string, path: string): string {
  const sound = matching(PATH, what, path, '/home/flyte/app');
  if (sound.split('/').includes('..')) throw imageError(`${what} has a ".." segment: ${quoted(path)}.`);
  return sound;
}

/** A path from the image's root. */
export function absoluteContainerPath(what: string, path: string): string {
  if (!path.startsWith('/')) throw imageError(`${what} takes an absolute path, and was given ${quoted(path)}.`);
  return containerPath(what, path);
}

/** Who runs what follows: a name or a number, and a group after a colon. */
export function containerUser(user: string): string {
  return matching(USER, 'The user', user, '10001:10001');
}

/** The version of an official image, such as `3.12`. */
export function languageVersion(what: string, version: string): string {
  return matching(VERSION, what, version, '24');
}

function matching(rule: RegExp, what: string, given: unknown, example: string): string {
  if (typeof given === 'string' && given.length <= 512 && rule.test(given)) return given;
  throw imageError(`${what} can't be ${quoted(given)}; a valid example: ${quoted(example)}.`);
}
