import { buildSecretsOf } from '../build-secret.js';
import { cacheFolder } from '../dockerfile-writer.js';
import { type ImageStep, packageWords, type RunOptions } from './step.js';

/** `name`, `name:arch`, `name=version`, `name/release`: https://www.debian.org/doc/debian-policy/ch-controlfields.html */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+:~-]+|\/[a-z0-9-]+)?$/;

/** Packages from the base image's Debian archives. */
export function aptStep(packages: string | readonly string[], options: RunOptions = {}): ImageStep {
  const words = packageWords('withAptPackages', packages, options, PACKAGE, '"vim" or ["git", "curl=7.88.1-10"]');
  const secrets = buildSecretsOf(options.secretMounts);
  // Not /var/cache/apt: Debian's images empty that after every install.
  const cache = cacheFolder('apt');
  return (to) => {
    to.run({ secrets, cache: 'apt' }, [
      `mkdir -p ${cache}/partial`,
      'apt-get update',
      `DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\\n      --option Dir::Cache::archives=${cache} ${words.join(' ')}`,
      'rm -rf /var/lib/apt/lists/*',
    ]);
  };
}
