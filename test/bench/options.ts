import { parseArgs } from 'node:util';

/** What `npm run bench -- …` was asked for. */
export interface Options {
  /** Which rows; all if empty. */
  readonly rows: readonly string[];
  readonly rounds: number;
  /** Major versions of Node for servers. */
  readonly servers: readonly string[];
  /** And for actions, which are cheap to measure. */
  readonly actions: readonly string[];
  /** Where the report goes, if not beside what is compiled. */
  readonly json: string | undefined;
  /** Whether the document gets the figures. */
  readonly docs: boolean;
}

/** @throws Error saying what is wrong */
export function readOptions(args: string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '9' },
      node: { type: 'string' },
      json: { type: 'string' },
      docs: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}. There are ${known.join(', ')}.`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds: give a whole number, not "${values.rounds}".`);
  const majors = values.node?.split(',');
  const wrong = majors?.find((major) => !/^\d+$/.test(major));
  if (wrong !== undefined) throw new Error(`--node: give major versions, such as 20,24, not "${wrong}".`);
  return {
    ...{ rows: positionals, rounds, json: values.json, docs: values.docs },
    ...{ servers: majors ?? ['20', '24'], actions: majors ?? ['20', '22', '24'] },
  };
}
