import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  DOMAIN,
  messageOf,
  PROJECT,
  putSecret,
  runTask,
  script,
  shellTask,
  startRun,
  taskOf,
  whyNotApart,
  type ExecutionClients,
} from './execution-support.js';
import { explainSkip, failure, temporaryFolder } from './support.js';

const [ENV, FILE] = [1, 2];
const folder = temporaryFolder();
const state = join(folder, 'state');
const reason = await whyNotApart();
const isApart = reason === undefined;
explainSkip(!isApart, `the test of the literal mount: ${reason}`);

let plane: LocalControlPlane;
let clients: ExecutionClients;
const warnings: string[] = [];
beforeAll(async () => {
  // Planted where the plane could pick them up.
  process.env['PLANTED_TOKEN'] = 'planted';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'planted';
  process.env['LICENSE_KEY'] = 'planted';
  process.env['NODE_OPTIONS'] = '--no-deprecation';
  process.env['LC_TIME'] = 'C';
  plane = await startLocalControlPlane({
    port: 0,
    state,
    maxConcurrentActions: 4,
    onWarning: (text) => warnings.push(text),
  });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

/** A script that writes what it finds as JSON to its report, since logs hide secrets. */
const look = script(
  folder,
  'look',
  `const root = process.env.FLYTE_SECRETS_DEFAULT_DIR;
   const walk = (at) => !existsSync(at) ? [] : readdirSync(at).flatMap((name) => {
     const path = at + '/' + name;
     return statSync(path).isDirectory() ? walk(path) : [[path, (statSync(path).mode & 0o777).toString(8), readFileSync(path).toString('base64')]];
   });
   writeFileSync(out + '/report.html', JSON.stringify({ env: process.env, argv: process.argv, cwd: process.cwd(), root,
     files: root === undefined ? [] : walk(root).map(([path, ...rest]) => [path.slice(root.length + 1), ...rest]),
     rootMode: root && (statSync(root).mode & 0o777).toString(8), literal: walk('/etc/flyte/secrets').map(([path]) => path) }));
   done();`,
);

interface Report {
  env: Record<string, string>;
  files: [string, string, string][];
  literal: string[];
  root?: string;
  rootMode?: string;
}

/** What the script saw in a run. */
async function lookWith(secrets: Parameters<typeof taskOf>[1], options: Parameters<typeof runTask>[2] = {}) {
  const { details, run, log } = await runTask(clients, taskOf(look, secrets), options);
  expect(messageOf(details)).toBe('');
  const runs = join(state, 'data', 'runs');
  const ofRun = readdirSync(runs).filter(
    (name) => name.startsWith(`${run.name}-`) && name.length === run.name.length + 17,
  );
  const reports = ofRun.map((name) => readFileSync(join(runs, name, 'a0/1/outputs/report.html'), 'utf8'));
  const report = reports.find((text) =>
    text.includes(`"FLYTE_INTERNAL_EXECUTION_PROJECT":${JSON.stringify(run.project)}`),
  );
  return { ...(JSON.parse(report ?? '{}') as Report), log };
}

const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64');

describe('the environment of an action', () => {
  it('has what is promised and nothing else', async () => {
    const { env, root } = await lookWith([]);
    const inherited = Object.keys(env).filter((name) => !/^(_U_|_F_|FLYTE_)/.test(name) && !/^LC_|^LANG/.test(name));
    expect(inherited.toSorted()).toEqual([
      'ACTION_NAME',
      'FLYTECTL_CONFIG',
      'FSSPEC_FILE_AUTO_MKDIR',
      'HOME',
      'PATH',
      'RUN_NAME',
    ]);
    expect(env).toMatchObject({
      ...{ ACTION_NAME: 'a0', LC_TIME: 'C', FLYTE_ATTEMPT_NUMBER: '0', FLYTE_INTERNAL_EXECUTION_PROJECT: PROJECT },
      ...{ FLYTE_INTERNAL_EXECUTION_DOMAIN: DOMAIN, FLYTE_INTERNAL_EXECUTION_ID: env['RUN_NAME'], _U_INSECURE: 'true' },
      ...{
        FLYTE_INTERNAL_TASK_NAME: 'test.task',
        FLYTE_INTERNAL_TASK_VERSION: 'v1',
        FLYTE_INTERNAL_TASK_PROJECT: PROJECT,
      },
      ...{ FLYTE_INTERNAL_NAME: 'test.task', FLYTE_INTERNAL_VERSION: 'v1', FLYTE_INTERNAL_PROJECT: PROJECT },
      ...{ FLYTE_INTERNAL_DOMAIN: DOMAIN, _F_PN: `${env['RUN_NAME']}-a0-0` },
      ...{ FLYTE_INTERNAL_TASK_DOMAIN: DOMAIN, _U_ORG_NAME: 'local', _U_EP_OVERRIDE: plane.url },
    });
    expect(env['_U_RUN_BASE']).toMatch(/^file:\/\/\/.*\/state\/data\/runs\//);
    expect(root).toBeUndefined();
    expect(Object.keys(env).join()).not.toMatch(/FLYTE_SECRETS/);
    expect(JSON.stringify(env)).not.toContain('planted');
  });

  it("adds the task's and the run's variables, and lets none of them speak for Flyte", async () => {
    const container = {
      command: [process.execPath, look, '{{.outputPrefix}}'],
      env: [
        { key: 'A', value: '1' },
        { key: 'B', value: '1' },
      ],
    };
    const values = [
      { key: 'B', value: '2' },
      { key: 'RUN_NAME', value: 'forged' },
    ];
    const spec = taskOf(look, [], { target: { case: 'container', value: container } } as never);
    const { details, run } = await runTask(clients, spec, { runSpec: { envs: { values } } });
    expect(messageOf(details)).toBe('');
    const name = readdirSync(join(state, 'data/runs')).find((entry) => entry.startsWith(`${run.name}-`));
    const report = JSON.parse(
      readFileSync(join(state, 'data/runs', String(name), 'a0/1/outputs/report.html'), 'utf8'),
    ) as Report;
    expect(report.env).toMatchObject({ A: '1', B: '2', RUN_NAME: run.name });
  });

  it('lets a secret win over a variable of its name', async () => {
    await putSecret(clients, 'over-variable', 'secret');
    const { env } = await lookWith([{ key: 'over-variable', envVar: 'OVER', mountRequirement: ENV }], {
      runSpec: { envs: { values: [{ key: 'OVER', value: 'open' }] } },
    });
    expect(base64(env['OVER'] ?? '')).toBe(base64('secret'));
  });

  it.each([
    ['', 'x', /name is empty/],
    ['A=B', 'x', /holds "="/],
    ['NUL', 'a\0b', /NUL: |NUL character/],
    ['BIG', 'x'.repeat(128 * 1024), /longer than 128 KiB/],
  ])('refuses such a variable: %#', async (key, value, message) => {
    const { details } = await runTask(clients, shellTask('finish'), {
      runSpec: { envs: { values: [{ key, value }] } },
    });
    expect(messageOf(details)).toMatch(message);
    expect(messageOf(details)).not.toContain('xxxx');
  });
});

describe('the working directory of an action', () => {
  it.each([
    [[], false],
    [['--tgz', 'file:///code.tgz', '--dest', '.'], true],
    [['--pkl=file:///code.pkl'], true],
    [['--tgzip', 'x-tgz'], false],
  ])("is the plane's, or with these arguments one of its own that does not last: %j", async (args, isOwn) => {
    const spec = shellTask('pwd -P; ls -A | wc -l; finish');
    if (spec.taskTemplate?.target.case === 'container') spec.taskTemplate.target.value.args.push(...args);
    const { details, log } = await runTask(clients, spec);
    expect(messageOf(details)).toBe('');
    const [at = '', count] = log.filter((line) => /^[/\d\s]/.test(line));
    expect(at === process.cwd()).toBe(!isOwn);
    if (!isOwn) return;
    expect(at).toContain(join(state, 'data/runs'));
    expect(Number(count)).toBe(0);
    expect(existsSync(at)).toBe(false);
  });
});

describe('a secret', () => {
  beforeAll(async () => {
    await putSecret(clients, 'openai-key', 'sk-variable');
    await putSecret(clients, 'team-key', 'sk-team');
    await putSecret(clients, 'ssh-key', 'file\nof lines\n');
    await putSecret(clients, 'largest', 'x'.repeat(128 * 1024 - 'LARGEST='.length - 1));
  });

  it('arrives as the default variable, a variable of choice, with a group, and as a file', async () => {
    const { env, files, literal, rootMode } = await lookWith([
      { key: 'openai-key', mountRequirement: ENV },
      { key: 'openai-key', mountRequirement: ENV, envVar: 'OPENAI_API_KEY' },
      { key: 'team-key', group: 'team', mountRequirement: ENV },
      { key: 'ssh-key', group: 'User-Creds', mountRequirement: FILE },
    ]);
    expect(env).toMatchObject({
      OPENAI_KEY: 'sk-variable',
      OPENAI_API_KEY: 'sk-variable',
      TEAM_TEAM_KEY: 'sk-team',
      FLYTE_SECRETS_ENV_PREFIX: '_UNION_',
      FLYTE_SECRETS_FILE_PREFIX: '',
    });
    expect(files.toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ['User-Creds/ssh-key', '400', base64('file\nof lines\n')],
      ['ssh-key', '400', base64('file\nof lines\n')],
      ['user-creds/ssh-key', '400', base64('file\nof lines\n')],
    ]);
    expect(rootMode).toBe('700');
    if (isApart) expect(literal).toContain('/etc/flyte/secrets/user-creds/ssh-key');
  });

  it.skipIf(!isApart)('is literally at /etc/flyte/secrets, for its own action only', async () => {
    const { details, log } = await runTask(
      clients,
      shellTask(
        'cat /etc/flyte/secrets/creds/ssh-key | wc -c; cat /etc/flyte/secrets/ssh-key | wc -c; env | cut -d= -f1 | sort | tr "\\n" " "; finish',
        [{ key: 'ssh-key', group: 'creds', mountRequirement: FILE }],
      ),
    );
    expect(messageOf(details)).toBe('');
    expect(log.slice(0, 2)).toEqual(['14', '14']);
    // The shell in between leaves nothing behind but what the task's own shell sets.
    expect(log[2]?.split(' ').filter((name) => !/^(FLYTE_|_U_|_F_|LC_|LANG|$)/.test(name))).toEqual([
      'ACTION_NAME',
      'FLYTECTL_CONFIG',
      'FSSPEC_FILE_AUTO_MKDIR',
      'HOME',
      'PATH',
      'PWD',
      'RUN_NAME',
    ]);
    expect(existsSync('/etc/flyte/secrets/ssh-key')).toBe(false);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['largest-file', Buffer.alloc(98_280, 'x1y2z3\n')],
    ['binary', Buffer.from([0, 255, 10, 13, 0, 128])],
    ['multi-line', Buffer.from('a\r\nb\n\n ö€ \n')],
    ['latin1', Buffer.from('caf\u00e9', 'latin1')],
  ])('of this kind comes back as a file byte by byte: %s', async (key, value) => {
    await putSecret(clients, key, value);
    const { files } = await lookWith([{ key, mountRequirement: FILE }]);
    expect(files).toEqual([[key, '400', value.toString('base64')]]);
  });

  it('of text comes back as a variable as it is', async () => {
    await putSecret(clients, 'text', '\ufeff a\r\nb\n$HOME `id` "quoted" ö€\n');
    const { env } = await lookWith([
      { key: 'empty', mountRequirement: ENV },
      { key: 'text', mountRequirement: ENV },
      { key: 'largest', mountRequirement: ENV },
    ]);
    expect([env['EMPTY'], env['TEXT'], env['LARGEST']?.length]).toEqual([
      '',
      '\ufeff a\r\nb\n$HOME `id` "quoted" ö€\n',
      131_063,
    ]);
  });

  it.each([
    ['binary', /holds a NUL byte, .*use mount/],
    ['latin1', /is not valid UTF-8, .*use mount/],
    ['largest', /is longer than 128 KiB with the name, .*keep it elsewhere/],
  ])('that no variable can carry fails before a process starts: %s', async (key, problem) => {
    const secrets = [{ key, mountRequirement: ENV, envVar: 'LONGER_NAME' }];
    const { details } = await runTask(clients, shellTask('finish', secrets));
    expect(messageOf(details)).toMatch(problem);
    expect(messageOf(details)).not.toMatch(/caf|xxxx/);
    expect(details.attempts[0]?.phaseTransitions.map(({ phase }) => phase)).not.toContain(ActionPhase.RUNNING);
  });

  it('that is missing fails before a process starts, without a retry, and says what to do', async () => {
    const spec = shellTask(
      'finish',
      [
        { key: 'nowhere', group: 'team', mountRequirement: FILE },
        { key: 'arn:aws:x', mountRequirement: FILE },
      ],
      {
        metadata: { retries: { retries: 3 } },
      },
    );
    const { details } = await runTask(clients, spec);
    expect(details.attempts.length).toBe(1);
    expect(details.attempts[0]?.phaseTransitions.map(({ phase }) => phase)).not.toContain(ActionPhase.RUNNING);
    expect(messageOf(details)).toBe(
      `The secret with key "nowhere" and group "team" is not stored. Looked for the name "nowhere" in: project "${PROJECT}" in domain ` +
        `"${DOMAIN}", then domain "${DOMAIN}", then global. Create it: npx --no-install nestjs-flyte-local secret put nowhere --project ${PROJECT} ` +
        `--domain ${DOMAIN} --state ${state} < FILE ` +
        `The secret with key "arn:aws:x" and no group is not stored. Looked for the name "arn:aws:x" in: project "${PROJECT}" in domain ` +
        `"${DOMAIN}", then domain "${DOMAIN}", then global. It can't be created here: a stored name has letters, digits, "-" and "_" only.`,
    );
  });

  it('is looked up in the project, then the domain, then everywhere, and by its key alone', async () => {
    const key = 'scoped';
    const seen: (string | undefined)[] = [];
    for (const [project, domain] of [
      ['', ''],
      ['', DOMAIN],
      [PROJECT, DOMAIN],
    ] as const) {
      await putSecret(clients, key, `${project}/${domain}`, { project, domain });
      seen.push((await lookWith([{ key, group: 'any', mountRequirement: ENV, envVar: 'V' }])).env['V']);
    }
    expect(seen).toEqual(['/', `/${DOMAIN}`, `${PROJECT}/${DOMAIN}`]);
  });

  it.each([
    [{ key: '../../etc/x', mountRequirement: FILE }, /".." segment/],
    [{ key: 'x', group: '/etc', mountRequirement: FILE }, /absolute path/],
    [{ key: 'a\u0001b', mountRequirement: FILE }, /control character/],
    [{ key: '', mountRequirement: FILE }, /key is empty/],
    [{ key: 'x', mountRequirement: ENV, envVar: 'LD_PRELOAD' }, /dynamic loader/],
    [{ key: 'x', mountRequirement: ENV, envVar: 'RUN_NAME' }, /Flyte/],
    [{ key: 'x', mountRequirement: ENV, envVar: 'lower' }, /must match/],
  ])('with hostile names is refused: %j', async (secret, message) => {
    const { details } = await runTask(clients, shellTask('finish', [secret]));
    expect(messageOf(details)).toMatch(message);
  });

  it.each([
    [
      [
        { key: 'text', mountRequirement: ENV, envVar: 'V' },
        { key: 'empty', mountRequirement: ENV, envVar: 'V' },
      ],
      /both claim the variable V/,
    ],
    [
      [
        { key: 'text', group: 'empty', mountRequirement: FILE },
        { key: 'empty', mountRequirement: FILE },
      ],
      /both claim the path/,
    ],
  ])('that claims what another one has is refused: %j', async (secrets, message) => {
    const { details } = await runTask(clients, shellTask('finish', secrets));
    expect(messageOf(details)).toMatch(message);
  });

  it('under two groups is refused when its task is deployed or run', async () => {
    const spec = taskOf(look, [
      { key: 'text', group: 'one', mountRequirement: FILE },
      { key: 'text', group: 'two', mountRequirement: FILE },
      { key: 'empty', mountRequirement: ENV },
    ]);
    const taskId = { project: PROJECT, domain: DOMAIN, name: 'refused', version: '1' };
    for (const call of [clients.tasks.deployTask({ taskId, spec }), startRun(clients, spec)]) {
      const { code, rawMessage } = await failure(call);
      expect(code).toBe(9);
      expect(rawMessage).toMatch(
        /^In this task the secret key "text" is declared under different groups \("one", "two"\)/,
      );
    }
  });

  it('as files that are too long together fails before a process starts', async () => {
    for (const key of ['half-1', 'half-2']) await putSecret(clients, key, 'x'.repeat(60_000));
    const files = ['half-1', 'half-2'].map((key) => ({ key, mountRequirement: FILE }));
    const { details } = await runTask(clients, shellTask('finish', files));
    expect(messageOf(details)).toMatch(/^The secret files .*"half-1" 60000 bytes, "half-2" 60000 bytes.*96 KiB/);
    const one = await runTask(
      clients,
      shellTask('finish', [...files.slice(1), { key: 'largest', mountRequirement: ENV }]),
    );
    expect(messageOf(one.details)).toBe('');
  });

  it('is removed with its folder, however the process ends', async () => {
    const secrets = [{ key: 'ssh-key', mountRequirement: FILE }];
    const where: string[] = [];
    for (const command of ['finish', 'exit 3', 'kill -9 $$', 'rm -f "$FLYTE_SECRETS_DEFAULT_DIR"/ssh-key; finish']) {
      const { log } = await runTask(clients, shellTask(`echo "$FLYTE_SECRETS_DEFAULT_DIR"; ${command}`, secrets));
      where.push(...log.filter((line) => line.startsWith('/')));
    }
    expect(where.length).toBe(4);
    for (const path of where) expect(existsSync(path)).toBe(false);
  });
});

describe('50 runs at once', () => {
  it('each get the secret of their own project', async () => {
    const names = Array.from({ length: 50 }, (_, at) => `project-${at}`);
    await Promise.all(names.map((name) => clients.projects.createProject({ project: { id: name } })));
    await Promise.all(names.map((project) => putSecret(clients, 'same', `value of ${project}`, { project })));
    const command =
      '[ "$SAME" = "value of $FLYTE_INTERNAL_EXECUTION_PROJECT" ] || exit 4\n' +
      '[ "$(cat "$FLYTE_SECRETS_DEFAULT_DIR/g/same")" = "$SAME" ] || exit 5\nfinish';
    const spec = shellTask(command, [
      { key: 'same', group: 'g', mountRequirement: ENV, envVar: 'SAME' },
      { key: 'same', group: 'g', mountRequirement: FILE },
    ]);
    const ended = await Promise.all(names.map((project) => runTask(clients, spec, { project, name: 'same-name' })));
    expect(ended.map(({ details }) => messageOf(details))).toEqual(names.map(() => ''));
  });
});
