import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { TaskCodec } from 'nestjs-flyte/testing';
import { type ErrorDocument, ErrorDocumentSchema } from 'nestjs-flyte/idl/core/execution';
import { InputsSchema, type Outputs, OutputsSchema } from 'nestjs-flyte/idl/task/common';
import ts from 'typescript';
import { afterAll } from 'vitest';
import * as z from 'zod';

const BIN = resolve('libs/flyte/bin/nestjs-flyte');

const folders: string[] = [];
const running = new Set<ChildProcess>();
// Whoever runs the tests may end this process without telling it.
afterAll(() => {
  for (const child of running) killGroup(child);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Ends a process that was started with a group of its own, and its children: what looks after an action is not the action. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A new folder, removed after the tests of its file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-runtime-'));
  folders.push(folder);
  return folder;
}

/** Builds the app of the tests as a user's build would, into a folder of its own. */
export function buildApp(): string {
  const root = temporaryFolder();
  mkdirSync(join(root, 'dist'));
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(root, 'dist/broken.js'), 'export class {');
  writeFileSync(join(root, 'dist/lacks-package.js'), "import 'nestjs-flyte-is-not-this'; export class Never {}");
  for (const file of readdirSync('test/runtime/app')) {
    const { outputText } = ts.transpileModule(readFileSync(join('test/runtime/app', file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        ...{ target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
        ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
      },
    });
    writeFileSync(join(root, 'dist', file.replace(/\.ts$/, '.js')), outputText);
  }
  return root;
}

export interface Action {
  readonly root: string;
  readonly task: string;
  readonly module?: string;
  /** Text inputs, or the bytes of inputs.pb; none for no file at all. */
  readonly inputs?: Readonly<Record<string, string | number>> | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where its code is. */
  readonly codeBundle?: string;
  /** What starts it: the shell's part of the command, or Node's, or nothing that looks after its end. */
  readonly by?: 'shell' | 'node' | 'nobody';
  /** Sent to the process once its log holds a text. */
  readonly signals?: readonly { readonly signal: NodeJS.Signals; readonly after: string }[];
  /** Gets the process. */
  readonly started?: (child: ChildProcess) => void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly log: string;
  readonly files: readonly string[];
  readonly outputs: Outputs | undefined;
  readonly error: ErrorDocument['error'];
}

/** Runs one action as Flyte would: a process with Flyte's variables and nothing else. */
export async function act(action: Action): Promise<Ended> {
  const folder = temporaryFolder();
  const [inputs, outputs] = [join(folder, 'inputs.pb'), join(folder, 'deep er/outputs')];
  if (action.inputs !== undefined) writeFileSync(inputs, await inputsOf(action.inputs));
  const uri = (path: string): string => pathToFileURL(path).href;
  const args = action.args ?? [
    ...['--task', action.task, '--version', 'v1', '--module', action.module ?? './dist/tasks.module.js#TasksModule'],
    ...['--inputs', uri(inputs), '--outputs-path', uri(outputs), '--raw-data-path', uri(join(folder, 'raw'))],
    ...(action.codeBundle === undefined ? [] : ['--code-bundle', action.codeBundle]),
    ...['--checkpoint-path', uri(join(folder, 'cp')), '--prev-checkpoint', '""'],
  ];
  const { by = 'shell' } = action;
  const [file, ...first] = by === 'shell' ? [BIN] : [process.execPath, `${BIN}.js`];
  const child = spawn(file, [...first, by === 'nobody' ? 'run-action' : 'action', ...args], {
    cwd: action.root,
    env: { PATH: process.env['PATH'], ...FLYTE_VARIABLES, ...action.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  action.started?.(child);
  child.once('close', () => running.delete(child));
  let log = '';
  const waiting = [...(action.signals ?? [])];
  const onData = (chunk: Buffer): void => {
    log += chunk.toString();
    while (waiting[0] && log.includes(waiting[0].after)) child.kill(waiting.shift()?.signal);
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) => {
    child.on('close', (...ended) => done(ended));
  });
  return {
    ...{ code, signal, log },
    files: existsSync(outputs) ? readdirSync(outputs) : [],
    outputs: readIf(join(outputs, 'outputs.pb'), (bytes) => fromBinary(OutputsSchema, bytes)),
    error: readIf(join(outputs, 'error.pb'), (bytes) => fromBinary(ErrorDocumentSchema, bytes))?.error,
  };
}

/** What Flyte sets in every container of a task. */
export const FLYTE_VARIABLES = {
  ...{ RUN_NAME: 'r1', ACTION_NAME: 'a0', FLYTE_ATTEMPT_NUMBER: '0', _U_RUN_BASE: 'file:///base' },
  ...{ FLYTE_INTERNAL_EXECUTION_PROJECT: 'p1', FLYTE_INTERNAL_EXECUTION_DOMAIN: 'development', _U_ORG_NAME: '' },
  ...{ _U_EP_OVERRIDE: 'dns:///localhost:1', _U_INSECURE: 'True' },
};

/** The texts of outputs, by name. */
export function texts(outputs: Outputs | undefined): Record<string, unknown> {
  const entries = outputs?.literals.map(({ name, value }) => {
    const scalar = value?.value.case === 'scalar' ? value.value.value.value : undefined;
    return [name, scalar?.case === 'primitive' ? scalar.value.value.value : undefined] as const;
  });
  return Object.fromEntries(entries ?? []);
}

async function inputsOf(inputs: NonNullable<Action['inputs']>): Promise<Uint8Array> {
  if (inputs instanceof Uint8Array) return inputs;
  const shape = Object.entries(inputs).map(([name, value]) => [
    name,
    typeof value === 'string' ? z.string() : z.number(),
  ]);
  const schema = z.object(Object.fromEntries(shape) as Record<string, z.ZodString>);
  return toBinary(InputsSchema, await new TaskCodec({ inputs: schema }).encodeInputs(inputs as Record<string, string>));
}

function readIf<T>(path: string, read: (bytes: Uint8Array) => T): T | undefined {
  return existsSync(path) ? read(readFileSync(path)) : undefined;
}
