// The arrows of ARCHITECTURE.md, kept by `npm run verify`. An import may go down the list, never up, and sideways only
// where a row says so. Type-only imports count.
const floors = {
  errors: [],
  secrets: ['errors'],
  literals: ['errors'],
  storage: ['errors'],
  files: ['errors', 'literals', 'storage'],
  images: ['errors', 'secrets'],
  tasks: ['errors', 'secrets', 'literals', 'images'],
  auth: ['errors'],
  remote: ['errors', 'secrets', 'literals', 'storage', 'files', 'images', 'tasks', 'auth'],
  runtime: ['errors', 'secrets', 'literals', 'storage', 'files', 'images', 'tasks'],
};
const lib = '^libs/flyte/src';

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-target', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(floors).map(([room, below]) => ({
      name: `${room}-imports-downwards`,
      severity: 'error',
      from: { path: `${lib}/${room}/`, pathNot: '\\.spec\\.ts$' },
      to: { path: `${lib}/`, pathNot: [`${lib}/(${[room, 'gen', ...below].join('|')})/`] },
    })),
    {
      name: 'nobody-imports-the-entry-file',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^libs/[^/]+/src/(testing/)?index\\.ts$' },
    },
    {
      name: 'libraries-by-public-name-only',
      comment: 'the sample app, the tests and the tools are users of the libraries',
      severity: 'error',
      from: { path: '^(src|test|tools)/', pathNot: '^tools/generate-idl' },
      to: { path: '^libs/[^/]+/src/' },
    },
    {
      name: 'libraries-do-not-know-the-app',
      comment: 'their specs may use what the tests share',
      severity: 'error',
      from: { path: '^libs/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(src|test|tools)/' },
    },
    {
      name: 'libraries-keep-apart',
      comment: 'flyte-local uses nestjs-flyte by its public names; nestjs-flyte does not know flyte-local',
      severity: 'error',
      from: { path: '^libs/flyte/src', pathNot: '\\.spec\\.ts$' },
      to: { path: '(^libs/flyte-local/|nestjs-flyte-local)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
