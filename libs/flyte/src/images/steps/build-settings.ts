import { readFileSync } from 'node:fs';
import { quoted } from '../../protocol/path-hazard.js';
import { type ContextFiles, singleFile } from '../context-files.js';
import { imageError, oneLine } from '../dockerfile-text.js';
import { npmrcOf } from '../npmrc.js';
import type { NpmOptions } from './npm.js';
import { pipIndexes, type PipOptions } from './pip.js';
import type { ImageStep } from './step.js';

/** The proxies of a network that has no other way out. Addresses such as `http://proxy.acme.dev:3128`, without credentials. */
export interface ProxySettings {
  /** For addresses with `http:`. */
  readonly http?: string;
  /** For addresses with `https:`. */
  readonly https?: string;
  /** Hosts that are asked directly, such as `.acme.dev` or `10.0.0.7`. */
  readonly noProxy?: string | readonly string[];
}

/** What a network demands of the steps of a build. */
export interface BuildSettings {
  /**
   * A PEM file with the certificates of authorities that are trusted besides the base's own, on the machine that builds.
   * It stays in the image, and what runs in the image trusts them too.
   */
  readonly certificates?: string;
  /** Holds for the whole build, whatever stands before, and is neither in the image nor part of its tag. */
  readonly proxy?: ProxySettings;
  /** The registries of the steps that follow; a step's own stand before them, scope by scope. */
  readonly npm?: Pick<NpmOptions, 'registries'>;
  /** The indexes of the steps that follow, and their secrets; none of them where a step has its own `indexUrl`. */
  readonly pip?: Pick<PipOptions, 'indexUrl' | 'extraIndexUrls' | 'secretMounts'>;
}

/** Where `update-ca-certificates` finds what is trusted besides Debian's own, should the package come later. */
const CERTIFICATES = '/usr/local/share/ca-certificates/';
const CERTIFICATE = 'flyte-build.crt';
/** What Debian's programs trust. */
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

const HOST = /^[A-Za-z0-9.*:/_[\]-]+$/;

/** Certificates, proxies, registries and indexes for all steps that follow. */
export function buildSettingsStep({ certificates, proxy = {}, npm = {}, pip = {} }: BuildSettings): ImageStep {
  const proxies = proxyVariables(proxy);
  npmrcOf(npm.registries);
  const indexes = pipIndexes('withBuildSettings option pip', pip);
  return (to) => {
    for (const [name, value] of proxies) to.proxies.set(name, value);
    const registries = { ...to.defaults.registries, ...npm.registries };
    to.defaults = { registries, pip: indexes.words.length > 0 ? indexes : to.defaults.pip };
    if (certificates === undefined) return;
    if (to.has('certificates')) {
      throw imageError('withBuildSettings was given certificates twice: put them into one PEM file.');
    }
    to.given('certificates');
    to.copy(certificateFile(certificates), CERTIFICATES);
    // As update-ca-certificates does; the slim images have not got it, and no way to get it before this.
    to.add(`RUN mkdir -p /etc/ssl/certs && \\\n    { echo; cat ${CERTIFICATES}${CERTIFICATE}; } >> ${BUNDLE}`);
    to.env('NODE_EXTRA_CA_CERTS', `${CERTIFICATES}${CERTIFICATE}`);
    // pip and others that bring a bundle of their own.
    to.env('SSL_CERT_FILE', BUNDLE);
    to.env('PIP_CERT', BUNDLE);
  };
}

function certificateFile(path: string): ContextFiles {
  const files = singleFile(path, CERTIFICATE);
  return {
    list: () => {
      const entries = files.list();
      const text = readFileSync(path, 'latin1');
      if (text.includes('PRIVATE KEY')) {
        throw imageError(
          `${quoted(path)} holds a private key, which would stay in the image: give certificates alone.`,
        );
      }
      if (!text.includes('-----BEGIN CERTIFICATE-----')) {
        throw imageError(`${quoted(path)} holds no certificate in PEM form, "-----BEGIN CERTIFICATE-----".`);
      }
      return entries;
    },
  };
}

/**
 * The variables that builders pass to every step and keep out of the image's history, in both spellings: curl reads the
 * one, others the other. https://docs.docker.com/reference/dockerfile/#predefined-args
 */
function proxyVariables({ http, https, noProxy }: ProxySettings): [name: string, value: string][] {
  const hosts = noProxy === undefined ? [] : typeof noProxy === 'string' ? noProxy.split(',') : noProxy;
  const without = hosts.map((host) => {
    const name = oneLine('withBuildSettings option proxy.noProxy', host).trim();
    if (HOST.test(name)) return name;
    throw imageError(
      `withBuildSettings option proxy.noProxy takes hosts such as ".acme.dev", and was given ${quoted(host)}.`,
    );
  });
  const values = {
    HTTP_PROXY: http === undefined ? undefined : proxyAddress('http', http),
    HTTPS_PROXY: https === undefined ? undefined : proxyAddress('https', https),
    NO_PROXY: without.length === 0 ? undefined : without.join(','),
  };
  return Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === undefined
      ? []
      : [
          [name, value],
          [name.toLowerCase(), value],
        ],
  );
}

function proxyAddress(which: 'http' | 'https', url: unknown): string {
  const option = `withBuildSettings option proxy.${which}`;
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['https:', 'http:'].includes(parsed.protocol)) {
    throw imageError(`${option} takes an address such as "http://proxy.acme.dev:3128".`);
  }
  if (parsed.username + parsed.password !== '') {
    throw imageError(
      `${option} holds credentials, which would be on the builder's command line. Leave this option out and give the proxy to ` +
        'the builder: to Docker by "proxies" in ~/.docker/config.json, to buildah by the variables HTTP_PROXY and HTTPS_PROXY.',
    );
  }
  return parsed.href;
}
