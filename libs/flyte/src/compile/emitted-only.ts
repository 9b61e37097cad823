import type { Plugin } from 'esbuild';

/** Refuses sources. The bundler would translate them, and leave out the types that decorators tell Nest of. */
export function emittedOnly(): Plugin {
  const text = 'this is TypeScript: compile it with your own compiler first, and import what that emits';
  return {
    name: 'nestjs-flyte-emitted-only',
    setup: (build) => build.onLoad({ filter: /\.[cm]?tsx?$/ }, () => ({ errors: [{ text }] })),
  };
}
