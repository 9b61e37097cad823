import { quoted } from '../../protocol/path-hazard.js';
import { type BuildSecret, buildSecretsOf, withoutConflicts } from '../build-secret.js';
import { imageError, oneLine, shellWord } from '../dockerfile-text.js';
import { cacheFolder } from '../dockerfile-writer.js';
import type { PipIndexes } from '../step-defaults.js';
import { extraWords, type ImageStep, type InstallOptions, packageWords } from './step.js';

/** How pip installs. */
export interface PipOptions extends InstallOptions {
  /** The index instead of PyPI. May name variables of `secretMounts`, as in `https://user:${PYPI_TOKEN}@pypi.acme.dev/simple`. */
  readonly indexUrl?: string;
  /** Indexes besides it, of the same form. */
  readonly extraIndexUrls?: string | readonly string[];
  /** Whether releases before the final one count too. */
  readonly pre?: boolean;
}

/** PEP 508 without direct references: a name, extras, versions, markers. https://peps.python.org/pep-0508/ */
const REQUIREMENT =
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[A-Za-z0-9._, -]*\])?\s*[(]?[A-Za-z0-9.!+*=<>~, -]*[)]?\s*(?:;[A-Za-z0-9._<>=!~'"() +*-]+)?$/;
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/** Python packages. */
export function pipStep(packages: string | readonly string[], options: PipOptions = {}): ImageStep {
  const words = packageWords(
    'withPipPackages',
    packages,
    options,
    REQUIREMENT,
    '"pandas" or ["pandas>=2,<3", "numpy==2.1.0"]',
  );
  const own = pipIndexes('withPipPackages option', options);
  const args = [
    ...(options.pre === true ? ['--pre'] : []),
    ...extraWords('withPipPackages', options.extraArgs),
    ...words,
  ];
  return (to) => {
    const all = options.indexUrl === undefined ? [to.defaults.pip, own] : [own];
    to.run({ secrets: withoutConflicts(all.flatMap(({ secrets }) => secrets)), cache: 'pip' }, [
      `export PIP_CACHE_DIR=${cacheFolder('pip')} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore`,
      ['python3 -m pip install', ...all.flatMap((indexes) => indexes.words), ...args].join(' '),
    ]);
  };
}

/**
 * Indexes as arguments of pip.
 *
 * @param what whose option it is, to begin messages with
 * @throws FlyteError `invalid_configuration` for an address with credentials, or with a variable that no secret sets
 */
export function pipIndexes(
  what: string,
  { indexUrl, extraIndexUrls = [], secretMounts }: Pick<PipOptions, 'indexUrl' | 'extraIndexUrls' | 'secretMounts'>,
): PipIndexes {
  const secrets = buildSecretsOf(secretMounts);
  const extra = typeof extraIndexUrls === 'string' ? [extraIndexUrls] : extraIndexUrls;
  const words = [
    ...(indexUrl === undefined ? [] : ['--index-url', indexWord(`${what} indexUrl`, indexUrl, secrets)]),
    ...extra.flatMap((url) => ['--extra-index-url', indexWord(`${what} extraIndexUrls`, url, secrets)]),
  ];
  return { words, secrets };
}

/** An index's address as one word, in which the shell fills in secrets and nothing else. */
function indexWord(option: string, url: unknown, secrets: readonly BuildSecret[]): string {
  const text = oneLine(option, url);
  const plain = text.replaceAll(new RegExp(REFERENCE, 'g'), 'x');
  const parsed = URL.canParse(plain) ? new URL(plain) : undefined;
  if (parsed === undefined || !['https:', 'http:'].includes(parsed.protocol)) {
    throw imageError(`${option} takes an address such as "https://pypi.acme.dev/simple".`);
  }
  const credentials = /^[a-z]+:\/\/([^/?#]*)@/i.exec(text)?.[1];
  if (credentials !== undefined && !REFERENCE.test(credentials)) {
    throw imageError(
      `${option} holds credentials, which would stay in the image's history: name a variable ` +
        'instead, { indexUrl: "https://user:${PYPI_TOKEN}@pypi.acme.dev/simple", secretMounts: new Secret({ key: "pypi-token" }) }.',
    );
  }
  return text
    .split(/(\$\{[A-Za-z_][A-Za-z0-9_]*\})/)
    .filter((part) => part !== '')
    .map((part) => {
      const variable = REFERENCE.exec(part)?.[1];
      if (variable === undefined) return shellWord(option, part);
      if (secrets.some((secret) => secret.variable === variable)) return `"\${${variable}}"`;
      throw imageError(`${option} names the variable ${quoted(variable)}, which no secret of secretMounts sets.`);
    })
    .join('');
}
