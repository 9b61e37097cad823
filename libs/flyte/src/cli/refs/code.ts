import { commentSource } from './words.js';

/** The width of a line, as Prettier has it unless told otherwise. */
const WIDTH = 80;

/** A piece of source: text, pieces one after the other, or a bracket around items. */
export type Code = string | Bracket | readonly Code[];

/** Items between brackets: on one line where they fit, else each on its own. */
export interface Bracket {
  readonly open: string;
  readonly items: readonly Item[];
  readonly close: string;
  /** What is between an item and the next; a comma if not given. */
  readonly separator?: ';';
}

/** An item, and the lines of comment above it. */
export interface Item {
  readonly notes: readonly string[];
  /** Undefined where the comment stands for what is left out. */
  readonly code: Code | undefined;
}

/** Source over as many lines as it takes; the same for the same. */
export function printed(code: Code, indent = 0, column = indent): string {
  const line = flat(code);
  if (line !== undefined && column + line.length < WIDTH) return line;
  if (typeof code === 'string') return code;
  if (!('open' in code)) {
    let text = '';
    for (const part of code) {
      const last = text.slice(text.lastIndexOf('\n') + 1).length;
      text += printed(part, indent, text.includes('\n') ? last : column + last);
    }
    return text;
  }
  const { open, items, close, separator = ',' } = code;
  const margin = ' '.repeat(indent + 2);
  const lines = items.flatMap(({ notes, code: item }) => [
    ...notes.map((note) => margin + noteLine(note)),
    ...(item === undefined ? [] : [`${margin}${printed(item, indent + 2)}${separator}`]),
  ]);
  return [open, ...lines, ' '.repeat(indent) + close].join('\n');
}

/** A comment of one line, whatever it says. */
export function noteLine(note: string): string {
  return `// ${commentSource(note)}`;
}

/** Source on one line; undefined where something in it has a line of its own. */
function flat(code: Code): string | undefined {
  if (typeof code === 'string') return code;
  if (!('open' in code)) return whole(code.map(flat))?.join('');
  const { open, items, close, separator } = code;
  if (separator !== undefined || items.some(({ notes }) => notes.length > 0)) return undefined;
  const parts = whole(items.map((item) => (item.code === undefined ? undefined : flat(item.code))));
  if (parts === undefined) return undefined;
  const space = open.endsWith('{') && parts.length > 0 ? ' ' : '';
  return open + space + parts.join(', ') + space + close;
}

function whole(parts: readonly (string | undefined)[]): string[] | undefined {
  const there = parts.filter((part) => part !== undefined);
  return there.length === parts.length ? there : undefined;
}
