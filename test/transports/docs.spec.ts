import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const guide = read('docs/transports.md');

/** `<!-- file region -->`, and the block of code below it. */
const snippets = [...guide.matchAll(/<!-- (\S+) (\S+) -->\n\n```ts\n(.*?)```/gs)].map(
  ([, file = '', region = '', code = '']) => ({ file, region, code }),
);

/** What stands between `// #region name` and the next `// #endregion`, moved to the margin. */
function regionOf(file: string, name: string): string {
  const [, indent = '', body = ''] =
    new RegExp(`^( *)// #region ${name}\\n(.*?)^ *// #endregion$`, 'ms').exec(read(file)) ?? [];
  return body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

describe('docs/transports.md', () => {
  it('takes every snippet of code from a test', () => {
    expect(snippets).not.toHaveLength(0);
    expect(snippets).toHaveLength(guide.split('```ts\n').length - 1);
  });

  it.each(snippets)('shows $region of $file as it is', ({ file, region, code }) => {
    expect(code).not.toBe('');
    expect(code).toBe(regionOf(file, region));
  });
});
