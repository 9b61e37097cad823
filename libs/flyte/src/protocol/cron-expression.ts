import { quoted } from './path-hazard.js';

const NICKNAMES = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

/** The five fields, as Flyte's backend has them. */
const FIELDS = [
  { name: 'minute', least: 0, most: 59, names: [] },
  { name: 'hour', least: 0, most: 23, names: [] },
  { name: 'day of the month', least: 1, most: 31, names: [] },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of the week', least: 0, most: 6, names: WEEKDAYS },
] as const;

/**
 * What is wrong with a cron expression, to put behind the name of a trigger or "it"; undefined if nothing. As the library of Flyte's backend
 * has it (robfig/cron): no 7 for Sunday, no L, W or #. Checked by hand, as that is less than any library; when it fires, Flyte counts.
 */
export function cronProblem(expression: unknown): string | undefined {
  if (typeof expression !== 'string') return 'takes a cron expression as text, such as "0 2 * * *"';
  const text = expression.trim();
  if (NICKNAMES.test(text)) return undefined;
  const fields = text === '' ? [] : text.split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return (
      `has the expression ${quoted(text)}, of ${fields.length} fields; write five: minute, hour, day of the month, month and ` +
      'day of the week, such as "0 2 * * *"'
    );
  }
  for (const [index, field] of FIELDS.entries()) {
    const given = fields[index] ?? '';
    if (given.split(',').every((part) => isPart(part, field))) continue;
    const { name, least, most, names } = field;
    const byName = names.length === 0 ? '' : `, or ${String(names[0])} to ${String(names.at(-1))}`;
    return `has the expression ${quoted(text)}, whose ${name} is ${quoted(given)}; it takes ${least} to ${most}${byName}, *, lists, ranges and steps`;
  }
  return undefined;
}

function isPart(part: string, { least, most, names }: (typeof FIELDS)[number]): boolean {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return false;
  if (range === '*' || range === '?') return true;
  const ends = range.split('-');
  const numbers = ends.map((end) => {
    const named = names.findIndex((name) => name === end.toLowerCase());
    if (named !== -1) return named + least;
    return /^\d{1,2}$/.test(end) ? Number(end) : Number.NaN;
  });
  const [from = Number.NaN, to = from] = numbers;
  return ends.length <= 2 && from >= least && to <= most && from <= to;
}
