import { PACKAGE } from '../../gen/package.js';

/** How this library names itself to Flyte (RFC 9110, 10.1.5). */
export const USER_AGENT = `${PACKAGE.name}/${PACKAGE.version} node/${process.versions.node}`;
