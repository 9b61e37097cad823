import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PythonUser } from './support/python-user.js';

/** What a method answers to an empty message, by `<package>.<Service>/<Method>`. */
type Answers = Readonly<Record<string, { readonly code: string; readonly message: string }>>;

describe('of all methods that the interface has for Python, those that the plane lacks', () => {
  let user: PythonUser;
  beforeAll(async () => {
    user = await PythonUser.start();
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it.each(['CONNECT', 'GRPC', 'GRPC_WEB'])('say so by name over %s, and are those of the guide', async (protocol) => {
    const answers = (await user.python('methods').call('answers', { protocol })) as Answers;
    const lacking = Object.keys(answers).filter((method) => answers[method]?.code === 'unimplemented');
    for (const method of lacking) {
      // Of a service that is there, Connect says it, with a dot.
      expect(answers[method]?.message.replaceAll('/', '.')).toContain(method.replaceAll('/', '.'));
    }
    expect(shortened(lacking, Object.keys(answers))).toEqual(await inTheGuide());
    // All others read what they are given.
    const others = Object.values(answers).filter(({ code }) => code !== 'unimplemented');
    expect(new Set(others.map(({ code }) => code))).toEqual(new Set(['ok', 'canceled', 'invalid_argument']));
  });
});

/** Services of which all is lacking, and the methods of others. */
function shortened(lacking: readonly string[], all: readonly string[]): string[] {
  const names = lacking.map((method) => {
    const service = serviceOf(method);
    const isWhole = all.filter((one) => serviceOf(one) === service).every((one) => lacking.includes(one));
    return (isWhole ? service : method).replace('flyteidl2.', '');
  });
  return [...new Set(names)].toSorted();
}

function serviceOf(method: string): string {
  return method.split('/', 1)[0] ?? '';
}

/** The names in the guide's paragraph of them. */
async function inTheGuide(): Promise<string[]> {
  const guide = await readFile(join(import.meta.dirname, '../../docs/python.md'), 'utf8');
  const [, paragraph = ''] = /<!-- lacking -->\n([\s\S]*?)\n\n/.exec(guide) ?? [];
  return [...paragraph.matchAll(/`([a-z]\w*\.[\w./]+)`/g)].map(([, name = '']) => name).toSorted();
}
