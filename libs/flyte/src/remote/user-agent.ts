import { createRequire } from 'node:module';

const { name, version } = createRequire(import.meta.url)('../../package.json') as { name: string; version: string };

/** How this library names itself to Flyte (RFC 9110, 10.1.5). */
export const USER_AGENT = `${name}/${version} node/${process.versions.node}`;
