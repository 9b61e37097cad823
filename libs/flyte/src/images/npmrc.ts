import type { Secret } from '../secrets/secret.js';
import { quoted } from '../protocol/path-hazard.js';
import { type BuildSecret, buildSecretsOf } from './build-secret.js';
import { imageError, shellWord } from './dockerfile-text.js';

/** A registry that npm takes packages from. */
export interface NpmRegistry {
  /** Where it is, such as `https://npm.acme.dev/`. */
  readonly url: string;
  /** The token it demands, as any other secret of a build is given. */
  readonly token?: string | Secret;
}

/** npm's registries by the scope of the packages they serve, such as `@acme`; `default` serves all others. */
export type NpmRegistries = Readonly<Record<string, NpmRegistry>>;

/** Where a step keeps its npmrc: in memory. */
export const NPMRC_FOLDER = '/run/flyte';

const SCOPE = /^@[a-z0-9~-][a-z0-9._~-]*$/;

/** What a step needs to write its npmrc. */
export interface Npmrc {
  /** The tokens. */
  readonly secrets: readonly BuildSecret[];
  /**
   * Shell commands that write the file and make npm read it; none where there are no registries.
   *
   * @param fileOf where the step finds a token's bytes
   */
  commands(fileOf: (token: BuildSecret) => string): readonly string[];
}

/**
 * The npmrc of registries. Its lines name variables, which npm fills in by itself: no token is in the Dockerfile, nor
 * in the file, which lies in memory and is gone after the step.
 *
 * @throws FlyteError `invalid_configuration` for a scope or an address that npm would not know, or one with credentials
 */
export function npmrcOf(registries: NpmRegistries | undefined): Npmrc {
  const rows = Object.entries(registries ?? {}).map(([scope, { url, token }]) => ({
    scope: checkedScope(scope),
    url: checkedUrl(scope, url),
    token: token === undefined ? undefined : buildSecretsOf(token)[0],
  }));
  return {
    secrets: rows.flatMap(({ token }) => token ?? []),
    commands: (fileOf) => {
      if (rows.length === 0) return [];
      const lines: string[] = [];
      const reads: string[] = [];
      for (const [index, { scope, url, token }] of rows.entries()) {
        lines.push(`${scope === 'default' ? '' : `${scope}:`}registry=${url}`);
        if (token === undefined) continue;
        const variable = token.variable ?? `FLYTE_NPM_TOKEN_${index + 1}`;
        if (token.variable === undefined) {
          reads.push(`${variable}="$(cat ${fileOf(token)})"`, `export ${variable}`);
        }
        lines.push(`${url.slice(url.indexOf('//'))}:_authToken=\${${variable}}`);
      }
      const words = lines.map((line) => shellWord('A line of the npmrc', line)).join(' ');
      return [
        ...reads,
        `printf '%s\\n' ${words} > ${NPMRC_FOLDER}/npmrc`,
        `export npm_config_userconfig=${NPMRC_FOLDER}/npmrc`,
      ];
    },
  };
}

function checkedScope(scope: string): string {
  if (scope === 'default' || SCOPE.test(scope)) return scope;
  throw imageError(`registries takes scopes such as "@acme", or "default", and was given ${quoted(scope)}.`);
}

function checkedUrl(scope: string, url: unknown): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['https:', 'http:'].includes(parsed.protocol) || parsed.search + parsed.hash !== '') {
    throw imageError(`The url of registries[${quoted(scope)}] takes an address such as "https://npm.acme.dev/".`);
  }
  if (parsed.username + parsed.password !== '') {
    throw imageError(
      `The url of registries[${quoted(scope)}] holds credentials, which would stay in the image's history: ` +
        `give them as a secret, { url: "${parsed.protocol}//${parsed.host}/", token: new Secret({ key: "npm-token" }) }.`,
    );
  }
  return parsed.href.endsWith('/') ? parsed.href : `${parsed.href}/`;
}
