import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNestApps, type NestApps } from '../interop/requests/nest-apps.js';
import { REASONS, type Reason } from '../interop/requests/reasons.js';
import { answerHere } from '../interop/requests/row.js';
import { send, type Tokens } from '../interop/requests/send.js';
import { DIFFERENCES, TABLE } from '../interop/requests/table.js';
import { ADAPTERS } from '../support/app.js';
import { startPlane } from '../support/plane.js';

// `npm run test:interop` sends the same table to FastAPI, too; what is here needs no Python.
describe.each(ADAPTERS)('the table of requests, on %s,', (adapter) => {
  let plane: LocalControlPlane;
  let apps: NestApps;
  let tokens: Tokens;
  beforeAll(async () => {
    plane = await startPlane();
    apps = await startNestApps(plane.url, undefined, adapter);
    tokens = { ALICE: await plane.token('alice'), BOB: await plane.token('bob') };
  });
  afterAll(async () => {
    await apps[Symbol.asyncDispose]();
    await plane.close();
  });

  it.each(TABLE)('with $what', async (row) => {
    expect(await send(apps.ports[row.app ?? 'plain'], row, tokens)).toBe(answerHere(row, adapter));
  });
});

describe('the table of requests', () => {
  it('names each request once, and is as long as it was meant to be', () => {
    const names = TABLE.map(({ what }) => what);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(120);
  });

  it('says of no answer that it differs where it doesn’t', () => {
    expect(DIFFERENCES.filter(({ fastapi, here }) => fastapi === here)).toEqual([]);
  });
});

describe('the guide', () => {
  /** The rows of a table, as texts without the padding that makes columns. */
  const cells = (line: string): string[] =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

  /** What stands in it behind a comment, up to the next. */
  const section = async (name: string): Promise<string> => {
    const page = await readFile(join(import.meta.dirname, '../../docs/python.md'), 'utf8');
    return page.split(`<!-- ${name} -->`)[1]?.split('<!--')[0] ?? '';
  };

  it('has every answer of Fastify that is not Express’s', async () => {
    const rows = (await section('fastify')).trim().split('\n').slice(2).map(cells);
    const expected = TABLE.filter(({ fastify }) => fastify !== undefined).map((row) => [
      row.what,
      code(answerHere(row)),
      code(answerHere(row, 'fastify')),
    ]);
    expect(rows).toEqual(expected);
  });

  it('has every difference under its reason, and no other', async () => {
    const said = (await section('differences'))
      .split(/^### .*\n/m)
      .slice(1)
      .map((part) => {
        const [reason = '', table = ''] = part.trim().split('\n\n');
        return { reason: reason.replaceAll('\n', ' '), rows: table.split('\n').slice(2).map(cells) };
      });
    const expected = (Object.keys(REASONS) as Reason[]).map((reason) => ({
      reason: REASONS[reason],
      rows: DIFFERENCES.filter(({ why }) => why === reason).map(({ what, fastapi, here }) => [
        what,
        code(fastapi),
        code(here),
      ]),
    }));
    expect(said).toEqual(expected);
  });
});
