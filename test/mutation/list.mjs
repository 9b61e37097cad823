// @ts-check
// Mistakes that a test must notice. Stryker's own mutants don't reach what runs in other processes: these do.

/**
 * @typedef {object} Mutant
 * @property {string} file where the mistake is made
 * @property {string} find what stands there, once
 * @property {string} replace what is to stand there
 * @property {string} spec the test that fails then
 * @property {string} [test] part of its title, where running all of the file takes long
 */

const runtime = 'libs/flyte/src/runtime';
const execution = 'libs/flyte-local/src/execution';
const supervisor = 'libs/flyte/bin/nestjs-flyte';
const attempts = 'test/flyte-local/attempts.spec.ts';
const apart = 'test/flyte-local/apart.spec.ts';
const injection = 'test/flyte-local/injection.spec.ts';

/** @type {Mutant[]} */
export const mutants = [
  // The runtime: one action in its process.
  {
    file: `${runtime}/process-guard.ts`,
    find: "['SIGTERM', 'SIGINT']",
    replace: "['SIGTERM']",
    spec: 'test/runtime/ending.spec.ts',
    test: 'by a terminal',
  },
  {
    file: `${runtime}/process-guard.ts`,
    find: '    if (isAsked) return;\n',
    replace: '',
    spec: 'test/runtime/ending.spec.ts',
    test: 'heard twice',
  },
  {
    file: `${runtime}/process-guard.ts`,
    find: "  process.on('uncaughtException', onUncaught);\n",
    replace: '',
    spec: 'test/runtime/ending.spec.ts',
    test: 'by exception',
  },
  {
    file: `${runtime}/process-guard.ts`,
    find: "  process.on('beforeExit', onIdle);\n",
    replace: '',
    spec: 'test/runtime/ending.spec.ts',
    test: 'by idle',
  },
  {
    file: `${runtime}/action-life.ts`,
    find: '    this.after(this.graceMs, () => this.end(failure));\n',
    replace: '',
    spec: 'libs/flyte/src/runtime/action-life.spec.ts',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: '    await this.#limit(settings);\n',
    replace: '',
    spec: 'test/runtime/ending.spec.ts',
    test: 'never gives way',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: 'this.#life.failure ?? failureOf(error)',
    replace: 'failureOf(error)',
    spec: 'test/runtime/ending.spec.ts',
    test: 'writes nothing where it has no result',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: '    const started = this.#life.after(limit.ms, () => this.#life.end(limit.failure));\n    this.#watch(limit);\n',
    replace: '    const started = this.#life.after(limit.ms, () => this.#life.end(limit.failure));\n',
    spec: 'test/runtime/start.spec.ts',
    test: 'is killed where it never gives way',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: 'message: this.#redact(failure.message)',
    replace: 'message: failure.message',
    spec: 'test/runtime/start.spec.ts',
    test: 'tells no secret',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: 'Promise.race([closed, late])',
    replace: 'closed',
    spec: 'test/runtime/action.spec.ts',
    test: 'HangsOnClose',
  },
  {
    file: `${runtime}/run-action.ts`,
    find: 'attempt + 1 : 1',
    replace: 'attempt : 1',
    spec: 'test/runtime/action.spec.ts',
    test: 'knows its run',
  },
  {
    file: `${runtime}/watchdog.ts`,
    find: "() => process.kill(process.pid, 'SIGKILL');",
    replace: '() => undefined;',
    spec: 'test/runtime/ending.spec.ts',
    test: 'never gives way',
  },
  {
    file: `${runtime}/watchdog.ts`,
    find: 'if (Atomics.load(beat, 0) !== before) return;',
    replace: '',
    spec: 'test/runtime/ending.spec.ts',
    test: 'is not killed where it gives way',
  },
  {
    file: `${runtime}/load-tasks-module.ts`,
    find: 'recoverable: !isLasting',
    replace: 'recoverable: true',
    spec: 'test/runtime/start.spec.ts',
    test: 'broken.js',
  },
  {
    file: `${runtime}/tasks-app.ts`,
    find: 'app.registerRequestByContextId(app.get(TaskContext), contextId);',
    replace: '',
    spec: 'test/runtime/action.spec.ts',
    test: 'request-scoped',
  },
  // What looks after the end of an action.
  {
    file: supervisor,
    find: '[ -z "$_nf_asked" ] || exit 143\n',
    replace: '',
    spec: 'test/runtime/supervisor.spec.ts',
    test: 'in dash',
  },
  {
    file: supervisor,
    find: '[ "$_nf_asked" != "$_nf_before" ] || break',
    replace: 'break',
    spec: 'test/runtime/supervisor.spec.ts',
    test: 'in dash',
  },
  {
    file: supervisor,
    find: '[ -z "$_nf_asked" ] || _nf_signal=KILL',
    replace: '',
    spec: 'test/runtime/supervisor.spec.ts',
    test: 'kills an action that ignores it',
  },
  {
    file: supervisor,
    find: 'NODE_OPTIONS= node',
    replace: 'node',
    spec: 'test/runtime/supervisor.spec.ts',
    test: 'kept Node from starting',
  },
  {
    file: 'libs/flyte/src/cli/action-died.command.ts',
    find: '!(await hasResult(folder))',
    replace: 'true',
    spec: 'test/runtime/action.spec.ts',
    test: 'dies while the module shuts down',
  },
  {
    file: `${runtime}/action-files.ts`,
    find: "origin === 'system' && recoverable;",
    replace: 'false;',
    spec: 'libs/flyte/src/runtime/action-files.spec.ts',
  },
  {
    file: `${runtime}/action-files.ts`,
    find: 'shouldRetry: ({ error }) => isPassing(error),',
    replace: 'shouldRetry: () => false,',
    spec: 'libs/flyte/src/runtime/action-files.spec.ts',
  },
  // The local plane's execution.
  {
    file: `${execution}/processes/run-process.ts`,
    find: '    if (!spec.isApart) killTree(pid, spec.marker);\n',
    replace: '',
    spec: apart,
    test: 'says so and why',
  },
  {
    file: `${execution}/processes/run-process.ts`,
    find: '    killer = setTimeout(() => killTree(pid, spec.marker), spec.graceMs);\n',
    replace: '',
    spec: attempts,
    test: 'ignores SIGTERM',
  },
  {
    file: `${execution}/processes/run-process.ts`,
    find: "if (group === undefined || !signalGroup(group, 'SIGTERM')) killTree",
    replace: 'killTree',
    spec: attempts,
    test: 'in its own way',
  },
  {
    file: `${execution}/processes/namespaces-script.ts`,
    find: '      is_still "$hidden" "$3"\n',
    replace: '',
    spec: apart,
    test: 'has moved the folders',
  },
  {
    file: `${execution}/processes/namespaces.ts`,
    find: "args: ['--pdeathsig', 'KILL', '--', ",
    replace: "args: ['--pdeathsig', 'clear', '--', ",
    spec: apart,
    test: 'ends with a plane that is killed',
  },
  {
    file: `${execution}/executor.ts`,
    find: 'if (this.#active.size < this.limit)',
    replace: 'if (this.#active.size <= this.limit)',
    spec: attempts,
    test: 'first come, first served',
  },
  {
    file: `${execution}/executor.ts`,
    find: 'return jobs.find(',
    replace: 'return jobs.findLast(',
    spec: attempts,
    test: 'first come, first served',
  },
  {
    file: `${execution}/executor.ts`,
    find: 'details.attempts.length - 2',
    replace: 'details.attempts.length - 1',
    spec: attempts,
    test: 'waits longer',
  },
  {
    file: `${execution}/executor.ts`,
    find: "job.waiting = setTimeout(() => this.#stop(job, 'queued_too_long'), maxQueuedMs)",
    replace: 'void maxQueuedMs',
    spec: attempts,
    test: 'for the queue',
  },
  {
    file: `${execution}/attempts/attempt-result.ts`,
    find: 'failed(error.kind === ContainerError_Kind.RECOVERABLE, kind, message)',
    replace: 'failed(true, kind, message)',
    spec: attempts,
    test: 'only then',
  },
  {
    file: `${execution}/attempts/attempt-result.ts`,
    find: '(O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)',
    replace: '(O_NONBLOCK ?? 0)',
    spec: attempts,
    test: 'is explained: ln -s',
  },
  {
    file: `${execution}/attempts/attempt-runner.ts`,
    find: 'return withoutSecrets(result, redactor);',
    replace: 'return result;',
    spec: attempts,
    test: 'does not repeat a secret',
  },
  {
    file: `${execution}/attempts/attempt-runner.ts`,
    find: '...given,\n      ...secrets,\n      ...told,\n      ...flyte,',
    replace: '...flyte,\n      ...given,\n      ...secrets,\n      ...told,',
    spec: injection,
  },
  {
    file: `${execution}/attempts/environment.ts`,
    find: "name.startsWith('LC_') ||",
    replace: "name.startsWith('L') ||",
    spec: injection,
  },
  {
    file: `${execution}/secrets/secret-files.ts`,
    find: '    fchmodSync(handle, 0o400);\n',
    replace: '    fchmodSync(handle, 0o444);\n',
    spec: injection,
  },
  {
    file: `${execution}/attempts/attempt-log.ts`,
    find: 'stream.redacting.write(chunk)',
    replace: 'Buffer.from(chunk)',
    spec: 'test/flyte-local/logs.spec.ts',
    test: 'in any spelling',
  },
  {
    file: `${execution}/leftovers.ts`,
    find: '  removeSecretsOf(folders.secretsInUse);\n',
    replace: '',
    spec: 'test/flyte-local/restart.spec.ts',
    test: 'leaves nothing running',
  },
  // The commands.
  {
    file: 'libs/flyte/src/cli/report-failure.ts',
    find: "error.code === 'invalid_argument' ? EXIT_CODES.usage : EXIT_CODES.failed",
    replace: 'EXIT_CODES.failed',
    spec: 'test/images/command.spec.ts',
  },
  {
    file: 'libs/flyte/src/cli/interruption.ts',
    find: "['SIGINT', 'SIGTERM', 'SIGHUP'] as const",
    replace: "['SIGTERM', 'SIGHUP'] as const",
    spec: 'test/images/command.spec.ts',
    test: 'SIGINT',
  },
  {
    file: 'libs/flyte/src/cli/interruption.ts',
    find: 'process.on(name,',
    replace: 'process.once(name,',
    spec: 'test/images/command.spec.ts',
    test: 'SIGINT',
  },
  // What once was noticed by nothing.
  {
    file: 'libs/flyte/src/images/context-files.ts',
    find: "'**/.env*'",
    replace: "'**/.env'",
    spec: 'libs/flyte/src/images/build-context.spec.ts',
  },
  {
    file: 'libs/flyte/src/images/build-context.ts',
    find: 'if (digestOf({ ...entry, source: path }) !== digest) {',
    replace: 'if (!digest) {',
    spec: 'libs/flyte/src/images/build-context.spec.ts',
  },
  {
    file: 'libs/flyte/src/remote/services/secret.service.ts',
    find: 'throw await withoutValue(error, secretSpec.value);',
    replace: 'throw error;',
    spec: 'test/auth/redaction.spec.ts',
    test: 'a secret that Flyte does not take',
  },
  {
    file: 'libs/flyte/src/auth/issuer-keys.ts',
    find: "redirect: 'error'",
    replace: "redirect: 'follow'",
    spec: 'libs/flyte/src/auth/issuer-keys.spec.ts',
    test: 'is a redirect',
  },
  {
    file: 'libs/flyte/src/remote/runs/run-handle.ts',
    find: 'const OUTPUT_ATTEMPTS = 5;',
    replace: 'const OUTPUT_ATTEMPTS = 1;',
    spec: 'test/tasks/runs.spec.ts',
    test: 'has outputs that come later',
  },
  {
    file: 'libs/flyte/src/auth/auth-metadata.interceptor.ts',
    find: "if ('drainBuffer' in messages) Object.assign(bound, { drainBuffer: messages.drainBuffer });",
    replace: '',
    spec: 'test/transports/grpc.spec.ts',
    test: 'gives a handler what came before it',
  },
  {
    file: 'libs/flyte/src/remote/credentials/open-credentials.ts',
    find: 'it threw (${kind})',
    replace: 'it threw (${kind}: ${String(error)})',
    spec: 'test/auth/no-leak.spec.ts',
    test: 'option "credentials" throws',
  },
  {
    file: 'libs/flyte/src/remote/connection/stream-call.ts',
    find: '        timer.refresh();\n',
    replace: '',
    spec: 'libs/flyte/src/remote/connection/flyte-transport.spec.ts',
  },
  {
    file: `${execution}/secrets/secrets-root.ts`,
    find: ' && (found.mode & 0o077) === 0',
    replace: '',
    spec: `libs/flyte-local/src/execution/secrets/secrets-root.spec.ts`,
  },
  {
    file: `${execution}/executor.ts`,
    find: 'else if (phase === ActionPhase.INITIALIZING) advance(record, ActionPhase.QUEUED);',
    replace: '',
    spec: `libs/flyte-local/src/execution/recover.spec.ts`,
  },
];
