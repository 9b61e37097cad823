import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { LogLineOriginator } from 'nestjs-flyte/idl/logs/dataplane/payload';
import { startLocalControlPlane, type LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientsFor,
  logOf,
  messageOf,
  putSecret,
  reached,
  runTask,
  script,
  shellTask,
  startRun,
  taskOf,
  type ExecutionClients,
} from './execution-support.js';
import { failure, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const state = join(folder, 'state');
let plane: LocalControlPlane;
let clients: ExecutionClients;
beforeAll(async () => {
  plane = await startLocalControlPlane({ port: 0, state, abortGraceMs: 300 });
  clients = await clientsFor(plane);
});
afterAll(() => plane.close());

/** Every file of a folder with its bytes. */
function filesOf(root: string): [string, Buffer][] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)]);
}

describe('a log', () => {
  it('is seen line by line while its process runs, by each reader from its beginning', async () => {
    const begun = Date.now();
    const run = await startRun(
      clients,
      shellTask(
        'echo one; echo two >&2; while [ ! -e go ]; do sleep 0.02; done; printf end; finish'.replace(
          'go',
          join(folder, 'go'),
        ),
      ),
    );
    await reached(clients, run, ActionPhase.RUNNING);
    const seen: string[] = [];
    const times: number[] = [];
    const originators = new Set<LogLineOriginator>();
    for await (const { logs } of clients.data.tailLogs({ actionId: { run, name: 'a0' }, attempt: 1 })) {
      for (const { message, originator, timestamp } of logs.flatMap(({ lines }) => lines)) {
        seen.push(message);
        originators.add(originator);
        times.push(timestamp === undefined ? Number.NaN : timestampMs(timestamp));
      }
      // Only a reader who sees them while it runs lets it end.
      if (seen.length === 2) await import('node:fs').then(({ writeFileSync }) => writeFileSync(join(folder, 'go'), ''));
    }
    expect([seen.slice(0, 2).toSorted(), seen[2]]).toEqual([['one', 'two'], 'end']);
    expect(originators).toEqual(new Set([LogLineOriginator.USER]));
    expect([begun, ...times, Date.now()].toSorted((a, b) => a - b)).toEqual([begun, ...times, expect.any(Number)]);
    expect((await logOf(clients, run)).length).toBe(3);
  });

  it('does not exist before an attempt has begun', async () => {
    const { run } = await runTask(
      clients,
      taskOf('', [], { target: { case: 'container', value: { command: ['nope'] } } } as never),
    );
    expect(await failure(logOf(clients, run))).toMatchObject({ code: 5 });
  });

  it('stops following when the reader goes', async () => {
    const run = await startRun(clients, shellTask('echo up; sleep 600'));
    await reached(clients, run, ActionPhase.RUNNING);
    const control = new AbortController();
    const read = async () => {
      const lines = clients.data.tailLogs({ actionId: { run, name: 'a0' }, attempt: 1 }, { signal: control.signal });
      for await (const _ of lines) control.abort();
    };
    expect(await failure(read())).toMatchObject({ code: 1 });
    await clients.runs.abortRun({ runId: run });
  });

  it('is bounded, says so, and never stops its process', async () => {
    const { log, details, run } = await runTask(
      clients,
      shellTask('yes 0123456789012345678901234567890123456789 | head -c 30000000; finish'),
    );
    expect(messageOf(details)).toBe('');
    expect(log.at(-1)).toMatch(/longer than 10485760 bytes/);
    const [path] = filesOf(join(state, 'data')).find(
      ([name]) => name.includes(`${run.name}-`) && name.endsWith('log.jsonl'),
    ) ?? [''];
    expect(statSync(path).size).toBeLessThan(16 * 1024 * 1024);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('takes bytes that are no text, control characters, and a line without an end', async () => {
    const body = `process.stdout.write(Buffer.from([0x61, 0xff, 0x0a])); process.stdout.write('\\x1b[31mred\\u0000\\r\\n');
      process.stdout.write('x'.repeat(40000)); done();`;
    const { log } = await runTask(clients, taskOf(script(folder, 'odd', body)));
    expect(log.slice(0, 2)).toEqual(['a\ufffd', '\u001b[31mred\0']);
    expect(log.slice(2).join('')).toBe('x'.repeat(40_000));
  });
});

describe('a secret', () => {
  it('that its task prints in any spelling, slowly or at once, is in no file and no answer', async () => {
    const value = 'S3cr3t/+value?with=signs&öß and blanks-0123456789';
    await putSecret(clients, 'printed', value);
    await putSecret(clients, 'other', 'AnotherSecretValue-42');
    const body = `const raw = Buffer.from(process.env.PRINTED);
      const file = readFileSync(process.env.FLYTE_SECRETS_DEFAULT_DIR + '/other');
      const all = [raw, file].flatMap((v) => [v, v.toString('base64'), v.toString('base64url'), v.toString('hex'), v.toString('hex').toUpperCase(),
        encodeURIComponent(v), new URLSearchParams({ v: v.toString() }).toString(), Buffer.from('user:' + v).toString('base64')]);
      for (const text of all) console.log('<' + text + '>');
      for (const text of all) for (const stream of [process.stdout, process.stderr]) {
        for (let at = 0; at < text.length; at += 7) { stream.write(text.slice(at, at + 7)); await new Promise((go) => setTimeout(go, 1)); }
        stream.write('\\n');
      }
      throw new Error('with ' + raw);`;
    const { details, log } = await runTask(
      clients,
      taskOf(script(folder, 'leak', body), [
        { key: 'printed', mountRequirement: 1 },
        { key: 'other', mountRequirement: 2 },
      ]),
    );
    expect(details.status?.phase).toBe(ActionPhase.FAILED);
    expect(messageOf(details)).toMatch(/with \*\*\*/);
    expect(log.length).toBeGreaterThan(40);
    await clients.runs.listRuns({});
    await plane.close();
    const everything: [string, Buffer][] = [
      ...filesOf(state),
      ['answers', Buffer.from(JSON.stringify([log, messageOf(details)]))],
    ];
    expect(everything.length).toBeGreaterThan(5);
    for (const secret of [value, 'AnotherSecretValue-42'].map((text) => Buffer.from(text))) {
      for (const spelling of [
        secret.toString('latin1'),
        secret.toString('base64'),
        secret.toString('base64url'),
        secret.toString('hex'),
        encodeURIComponent(secret.toString()),
      ]) {
        for (const [path, bytes] of everything) {
          expect([path, bytes.includes(spelling, 0, 'latin1')]).toEqual([path, false]);
        }
      }
    }
  });
});
