import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../secrets/secret.js';
import { Image } from '../image.js';
import type { BuildSettings } from './build-settings.js';

const TOKEN = new Secret({ key: 'npm-token', asEnvVar: 'NPM_TOKEN' });
const PYPI = new Secret({ key: 'pypi-token', asEnvVar: 'PYPI_TOKEN' });
const proxy = {
  http: 'http://proxy.acme.dev:3128',
  https: 'http://proxy.acme.dev:3129',
  noProxy: ['.acme.dev', '10.0.0.7'],
};

let folder: string;
const certificates = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const pem = (what: string): string => `-----BEGIN ${what}-----\nMIIB\n-----END ${what}-----\n`;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const instructions = (image: Image): string[] => image.dockerfile().split(/\n(?=[A-Z])/);

describe('withBuildSettings', () => {
  it('is written before the first step, and holds for all that follow', async () => {
    const image = Image.fromDebianBase()
      .withBuildSettings({
        certificates: '/etc/acme/ca.pem',
        proxy,
        npm: { registries: { default: { url: 'https://npm.acme.dev', token: TOKEN } } },
        pip: { indexUrl: 'https://ci:${PYPI_TOKEN}@pypi.acme.dev/simple', secretMounts: PYPI },
      })
      .withPipPackages('pandas', { extraIndexUrls: 'https://models.acme.dev/simple' })
      .withNpmPackages('zod', { registries: { '@acme': { url: 'https://other.acme.dev' } } })
      .withFlyte();
    await expect(image.dockerfile()).toMatchFileSnapshot('../golden/build-settings.Dockerfile');
  });

  it('gives way to what a step says itself, and holds for no step before it', () => {
    const settings: BuildSettings = {
      npm: { registries: { default: { url: 'https://npm.acme.dev' } } },
      pip: { indexUrl: 'https://pypi.acme.dev/simple' },
    };
    const [before, pip, npm] = instructions(
      Image.fromBase('python')
        .withPipPackages('one')
        .withBuildSettings(settings)
        .withPipPackages('two', { indexUrl: 'https://other.dev/simple' })
        .withNpmPackages('three', { registries: { default: { url: 'https://other.dev/npm' } } }),
    ).slice(1);
    expect(before).toContain('pip install one');
    expect(pip).toContain('pip install --index-url https://other.dev/simple two');
    expect(npm).toContain('registry=https://other.dev/npm/');
    expect(npm).not.toContain('acme');
  });

  it('hands proxies to the builder: they are neither in the image nor in its tag', () => {
    const image = Image.fromBase('busybox').withCommands('true');
    const plan = image.withBuildSettings({ proxy }).plan();
    expect(Object.fromEntries(plan.proxies)).toEqual({
      ...{ HTTP_PROXY: 'http://proxy.acme.dev:3128/', http_proxy: 'http://proxy.acme.dev:3128/' },
      ...{ HTTPS_PROXY: 'http://proxy.acme.dev:3129/', https_proxy: 'http://proxy.acme.dev:3129/' },
      ...{ NO_PROXY: '.acme.dev,10.0.0.7', no_proxy: '.acme.dev,10.0.0.7' },
    });
    expect(plan.dockerfile).toBe(image.dockerfile());
    expect(plan.tag).toBe(image.tag);
  });

  it('counts certificates in the tag, and refuses files that hold none, or a key', () => {
    const tag = (path: string): string => Image.fromBase('busybox').withBuildSettings({ certificates: path }).tag;
    const one = tag(certificates('one.pem', pem('CERTIFICATE')));
    expect(tag(certificates('same.pem', pem('CERTIFICATE')))).toBe(one);
    expect(tag(certificates('two.pem', pem('CERTIFICATE').repeat(2)))).not.toBe(one);
    expect(() => tag(certificates('key.pem', pem('CERTIFICATE') + pem('RSA PRIVATE KEY')))).toThrow(
      /holds a private key/,
    );
    expect(() => tag(certificates('der.crt', '\u0000\u0001'))).toThrow(/no certificate in PEM form/);
    expect(() => tag('/nowhere/ca.pem')).toThrow(/no file "\/nowhere\/ca.pem"/);
    const twice = Image.fromBase('busybox')
      .withBuildSettings({ certificates: 'a' })
      .withBuildSettings({ certificates: 'b' });
    expect(() => twice.dockerfile()).toThrow(/certificates twice/);
  });

  it.each<[string, BuildSettings, RegExp]>([
    ['a proxy without a scheme', { proxy: { http: 'proxy:3128' } }, /option proxy\.http takes an address such as/],
    [
      'a proxy with a password',
      { proxy: { https: 'http://me:hunter2@proxy:3128' } },
      /proxies" in ~\/\.docker\/config\.json/,
    ],
    ['a host that is none', { proxy: { noProxy: 'a.dev,b dev' } }, /noProxy takes hosts.*"b dev"/],
    [
      'a password in a registry',
      { npm: { registries: { default: { url: 'https://me:hunter2@npm.dev' } } } },
      /token: new Secret/,
    ],
    [
      'a password in an index',
      { pip: { indexUrl: 'https://me:hunter2@pypi.dev' } },
      /withBuildSettings option pip indexUrl/,
    ],
  ])('refuses %s, and does not repeat a password', (_what, settings, message) => {
    expect(() => Image.fromBase('busybox').withBuildSettings(settings)).toThrow(message);
    expect(() => Image.fromBase('busybox').withBuildSettings(settings)).not.toThrow('hunter2');
  });
});
