import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNestApps, type NestApps } from '../interop/requests/nest-apps.js';
import { REASONS, type Reason } from '../interop/requests/reasons.js';
import { answerHere } from '../interop/requests/row.js';
import { send, type Tokens } from '../interop/requests/send.js';
import { DIFFERENCES, TABLE } from '../interop/requests/table.js';
import { startPlane } from '../support/plane.js';

// `npm run test:interop` sends the same table to FastAPI, too; what is here needs no Python.
describe('the table of requests', () => {
  let plane: LocalControlPlane;
  let apps: NestApps;
  let tokens: Tokens;
  beforeAll(async () => {
    plane = await startPlane();
    apps = await startNestApps(plane.url, undefined);
    tokens = { ALICE: await plane.token('alice'), BOB: await plane.token('bob') };
  });
  afterAll(async () => {
    await apps[Symbol.asyncDispose]();
    await plane.close();
  });

  it.each(TABLE)('with $what', async (row) => {
    expect(await send(apps.ports[row.app ?? 'plain'], row, tokens)).toBe(answerHere(row));
  });

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

  it('has every difference under its reason, and no other', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/python.md'), 'utf8');
    const [, section = ''] = page.split('<!-- differences -->');
    const said = section
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
