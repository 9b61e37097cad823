// The arrows of ARCHITECTURE.md, kept by `npm run verify`. An import may go down the list, never up, and sideways only
// where a row says so. Type-only imports count.
const floors = {
  errors: [],
  protocol: ['errors'],
  secrets: ['errors', 'protocol'],
  literals: ['errors'],
  storage: ['errors'],
  action: ['errors', 'protocol'],
  files: ['errors', 'literals', 'storage'],
  images: ['errors', 'protocol', 'secrets'],
  tasks: ['errors', 'protocol', 'secrets', 'literals', 'action', 'images'],
  auth: ['errors', 'protocol'],
  'remote/options': ['errors', 'protocol', 'tasks', 'auth'],
  'remote/connection': ['errors', 'protocol', 'auth', 'remote/options'],
  'remote/credentials': ['errors', 'protocol', 'images', 'auth', 'remote/options', 'remote/connection'],
  'remote/files': ['errors', 'literals', 'storage', 'files', 'auth', 'remote/options', 'remote/connection'],
  'remote/tasks': ['errors', 'images', 'tasks', 'auth', 'remote/options', 'remote/connection'],
  'remote/runs': [
    ...['errors', 'protocol', 'literals', 'action', 'tasks', 'auth'],
    ...['remote/options', 'remote/connection', 'remote/files', 'remote/tasks'],
  ],
  'remote/services': [
    ...['errors', 'protocol', 'secrets', 'literals', 'files', 'tasks', 'auth'],
    ...['remote/options', 'remote/connection', 'remote/files', 'remote/tasks', 'remote/runs'],
  ],
  runtime: ['errors', 'protocol', 'secrets', 'literals', 'storage', 'action', 'files', 'images', 'tasks'],
  children: [
    ...['errors', 'protocol', 'literals', 'storage', 'action', 'runtime'],
    ...['remote/connection', 'remote/runs'],
  ],
  compile: ['errors', 'runtime'],
};
const lib = '^libs/flyte/src';

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-target', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(floors).map(([room, below]) => ({
      name: `${room}-imports-downwards`,
      severity: 'error',
      from: { path: `${lib}/${room}/`, pathNot: ['\\.spec\\.ts$', '/index\\.ts$'] },
      to: { path: `${lib}/`, pathNot: [`${lib}/(${[room, 'gen', ...below].join('|')})/`] },
    })),
    {
      name: 'nobody-imports-the-entry-file',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^libs/[^/]+/src/((testing|protocol)/)?index\\.ts$' },
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
      comment: 'nestjs-flyte does not know flyte-local',
      severity: 'error',
      from: { path: '^libs/flyte/src', pathNot: '\\.spec\\.ts$' },
      to: { path: '(^libs/flyte-local/|nestjs-flyte-local)' },
    },
    {
      name: 'the-plane-takes-the-protocol-alone',
      comment: 'flyte-local uses what both packages must agree on, and the generated messages; neither loads Nest',
      severity: 'error',
      from: { path: '^libs/flyte-local/src/' },
      to: { path: '^libs/flyte/', pathNot: '^libs/flyte/dist/(protocol/index|gen/)' },
    },
    {
      name: 'protocol-knows-no-nest',
      severity: 'error',
      from: { path: `${lib}/(errors|protocol|secrets|gen)/`, pathNot: '\\.spec\\.ts$' },
      to: { path: '@nestjs|rxjs|reflect-metadata' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
