// @ts-check
// Makes libs/flyte/src/gen from npm's @flyteorg/flyteidl2, and from the library's package.json. That package ships only TypeScript sources, which Node refuses
// to load from node_modules, so its descriptors are loaded through a bundler and given to protoc-gen-es anew. The options
// of buf.validate and google.api are dropped on the way: nothing here reads them, and they would double the size.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  DescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  MethodDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { build } from 'esbuild';

/** The IDL files whose services and messages this project uses; what they import follows by itself. */
const roots = [
  // What others come to import, below, comes before them.
  'flyteidl2/common/identifier',
  'flyteidl2/common/run',
  'flyteidl2/actions/actions_service',
  'flyteidl2/auth/auth_service',
  'flyteidl2/auth/identity',
  'flyteidl2/cluster/service',
  'flyteidl2/core/execution',
  'flyteidl2/dataproxy/dataproxy_service',
  'flyteidl2/project/project_service',
  'flyteidl2/secret/secret',
  'flyteidl2/task/task_service',
  'flyteidl2/trigger/trigger_service',
  'flyteidl2/workflow/run_service',
];

/**
 * What Flyte's interface has and the package on npm has not yet, by file, as protoc would give it: conditions, and how they are
 * answered; inputs of triggers that are stored apart, when a run was due, and which run it recovers. Each can go when the package has it: until then a second one is refused below.
 *
 * @type {Record<string, { messages?: [name: string, fields: Field[]][], fields?: Record<string, Field[]>, methods?: [service: string, name: string][], imports?: string[] }>}
 */
const newer = {
  'flyteidl2/common/run.proto': {
    messages: [
      [
        'Relation',
        [
          { ...reference('flyteidl2.common.RunIdentifier'), name: 'related_to', number: 1 },
          // Upstream an enumeration, which is the same on the wire.
          { name: 'relation_type', number: 2, type: FieldDescriptorProto_Type.INT32 },
        ],
      ],
    ],
    imports: ['flyteidl2/common/identifier.proto'],
  },
  'flyteidl2/task/run.proto': {
    fields: {
      RunSpec: [
        { ...reference('google.protobuf.Timestamp'), name: 'run_start_time', number: 12 },
        { ...reference('flyteidl2.common.Relation'), name: 'relation', number: 18 },
      ],
    },
    imports: ['google/protobuf/timestamp.proto', 'flyteidl2/common/run.proto'],
  },
  // Upstream, in a oneof with `inputs`, which is the same on the wire.
  'flyteidl2/task/task_definition.proto': {
    fields: {
      TaskTriggerSpec: [
        { ...reference('flyteidl2.common.OffloadedInputData'), name: 'offloaded_input_data', number: 5 },
      ],
    },
    imports: ['flyteidl2/common/run.proto'],
  },
  'flyteidl2/trigger/trigger_definition.proto': {
    fields: {
      TriggerSpec: [{ ...reference('flyteidl2.common.OffloadedInputData'), name: 'offloaded_input_data', number: 7 }],
    },
    imports: ['flyteidl2/common/run.proto'],
  },
  'flyteidl2/workflow/run_definition.proto': {
    messages: [
      [
        'SignalInfo',
        [
          { ...reference('flyteidl2.common.EnrichedIdentity'), name: 'signalled_by', number: 1 },
          { ...reference('flyteidl2.core.Literal'), name: 'output', number: 2 },
        ],
      ],
    ],
    fields: {
      ActionDetails: [
        { ...reference('flyteidl2.workflow.SignalInfo'), name: 'signal_info', number: 10, oneofIndex: 0 },
        { ...reference('flyteidl2.workflow.ConditionAction'), name: 'condition', number: 9, oneofIndex: 1 },
      ],
      ConditionActionMetadata: [{ ...reference('flyteidl2.core.LiteralType'), name: 'type', number: 5 }],
    },
  },
  'flyteidl2/workflow/run_service.proto': {
    messages: [
      [
        'EventPayload',
        [
          { name: 'bool_value', number: 1, type: FieldDescriptorProto_Type.BOOL, oneofIndex: 0 },
          { name: 'int_value', number: 2, type: FieldDescriptorProto_Type.INT64, oneofIndex: 0 },
          { name: 'float_value', number: 3, type: FieldDescriptorProto_Type.DOUBLE, oneofIndex: 0 },
          { name: 'string_value', number: 4, type: FieldDescriptorProto_Type.STRING, oneofIndex: 0 },
        ],
      ],
      [
        'SignalEventRequest',
        [
          { ...reference('flyteidl2.common.ActionIdentifier'), name: 'action_id', number: 1 },
          { name: 'parent_action_name', number: 2, type: FieldDescriptorProto_Type.STRING },
          { ...reference('flyteidl2.workflow.EventPayload'), name: 'payload', number: 3 },
        ],
      ],
      ['SignalEventResponse', []],
    ],
    fields: {
      CreateRunRequest: [{ ...reference('google.protobuf.Timestamp'), name: 'run_start_time', number: 10 }],
    },
    methods: [['RunService', 'SignalEvent']],
    imports: ['google/protobuf/timestamp.proto'],
  },
};

/** @typedef {Exclude<import('@bufbuild/protobuf').MessageInitShape<typeof FieldDescriptorProtoSchema>, { $typeName: string }>} Field */

/** @param {string} name */
function reference(name) {
  return { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${name}` };
}

/** @param {Field} given */
function field(given) {
  const jsonName = given.name?.replaceAll(/_./g, (part) => part.slice(1).toUpperCase());
  return create(FieldDescriptorProtoSchema, { ...given, jsonName, label: FieldDescriptorProto_Label.OPTIONAL });
}

/** @param {import('@bufbuild/protobuf/wkt').FileDescriptorProto} file gets what is newer of it */
function bringUpToDate(file) {
  const { messages = [], fields = {}, methods = [], imports = [] } = newer[file.name] ?? {};
  file.dependency.push(...imports.filter((one) => !file.dependency.includes(one)));
  /** @param {readonly { name: string }[]} there @param {string} name */
  const requireNew = (there, name) => {
    if (there.some((one) => one.name === name)) throw new Error(`the package has ${name} by now`);
  };
  for (const [name, given] of messages) {
    requireNew(file.messageType, name);
    const oneofDecl = given.some(({ oneofIndex }) => oneofIndex !== undefined) ? [{ name: 'value' }] : [];
    file.messageType.push(create(DescriptorProtoSchema, { name, field: given.map(field), oneofDecl }));
  }
  for (const [name, given] of Object.entries(fields)) {
    const message = file.messageType.find((one) => one.name === name);
    for (const one of given) {
      requireNew(message?.field ?? [], one.name ?? '');
      message?.field.push(field(one));
    }
  }
  for (const [service, name] of methods) {
    const [inputType, outputType] = ['Request', 'Response'].map((part) => `.${file.package}.${name}${part}`);
    const there = file.service.find((one) => one.name === service)?.method ?? [];
    requireNew(there, name);
    there.push(create(MethodDescriptorProtoSchema, { name, inputType, outputType }));
  }
}

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'libs/flyte/src/gen');
const require = createRequire(import.meta.url);
const idl = dirname(require.resolve('@flyteorg/flyteidl2/package.json'));
const plugin = join(dirname(require.resolve('@bufbuild/protoc-gen-es/package.json')), 'bin/protoc-gen-es');

// Generating takes a second or two, and every build asks for it: the stamp says whether the answer would differ.
const manifest = join(root, 'libs/flyte/package.json');
const inputs = [
  manifest,
  join(idl, 'package.json'),
  join(dirname(dirname(plugin)), 'package.json'),
  import.meta.filename,
];
const stamp = inputs.reduce((hash, file) => hash.update(readFileSync(file)), createHash('sha256')).digest('hex');
const stampFile = join(out, '.stamp');
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

/** @param {unknown} message forgets every extension (an unknown field to this program) of a descriptor, at any depth */
function dropExtensions(message) {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return;
  if ('$unknown' in message) delete message.$unknown;
  for (const value of Object.values(message)) dropExtensions(value);
}

/** @returns {Promise<import('@bufbuild/protobuf').DescFile[]>} the roots' descriptors */
async function load() {
  const scratch = mkdtempSync(join(root, 'node_modules/.idl-'));
  try {
    const bundle = join(scratch, 'idl.mjs');
    const names = roots.map((file) => [`file_${file.replaceAll('/', '_')}`, join(idl, `${file}_pb.ts`)]);
    await build({
      stdin: {
        contents: names.map(([name, file]) => `export { ${name} } from ${JSON.stringify(file)};`).join('\n'),
        resolveDir: root,
      },
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      outfile: bundle,
    });
    const loaded = /** @type {Record<string, import('@bufbuild/protobuf').DescFile | undefined>} */ (
      await import(pathToFileURL(bundle).href)
    );
    // In the order of the roots; a module's own is that of the alphabet.
    return names.flatMap(([name = '']) => loaded[name] ?? []);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** @type {Map<string, import('@bufbuild/protobuf/wkt').FileDescriptorProto>} in the order protoc gives: imports first */
const files = new Map();
/** @param {import('@bufbuild/protobuf').DescFile} file */
function add(file) {
  const name = file.proto.name;
  if (files.has(name) || /^(buf\/validate|google\/api|protoc-gen-openapiv2)\//.test(name)) return;
  file.dependencies.forEach(add);
  const proto = structuredClone(file.proto);
  dropExtensions(proto);
  const kept = proto.dependency.filter((dependency) => files.has(dependency));
  // Indexes into the old list; nothing in the IDL needs either.
  proto.publicDependency = [];
  proto.weakDependency = [];
  proto.dependency = kept;
  bringUpToDate(proto);
  files.set(name, proto);
}
(await load()).forEach(add);

const request = create(CodeGeneratorRequestSchema, {
  fileToGenerate: [...files.keys()].filter((name) => /^(flyteidl2|google\/rpc)\//.test(name)),
  parameter: 'target=ts,import_extension=js',
  protoFile: [...files.values()],
});
const answer = spawnSync(process.execPath, [plugin], {
  input: toBinary(CodeGeneratorRequestSchema, request),
  maxBuffer: 64 << 20,
});
if (answer.status !== 0) throw new Error(`protoc-gen-es failed: ${answer.stderr.toString()}`);
const response = fromBinary(CodeGeneratorResponseSchema, answer.stdout);
if (response.error) throw new Error(`protoc-gen-es: ${response.error}`);

rmSync(out, { recursive: true, force: true });
for (const { name, content } of response.file) {
  mkdirSync(dirname(join(out, name)), { recursive: true });
  writeFileSync(join(out, name), content);
}
// A file of its own, since a bundle of the library has no package.json beside it.
const { name, version } = /** @type {{ name: string, version: string }} */ (JSON.parse(readFileSync(manifest, 'utf8')));
writeFileSync(
  join(out, 'package.ts'),
  `/** The library's own name and version. */\nexport const PACKAGE = { name: '${name}', version: '${version}' } as const;\n`,
);
writeFileSync(stampFile, stamp);
console.log(`generated ${response.file.length} files in libs/flyte/src/gen`);
