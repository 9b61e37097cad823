import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { Image } from './image.js';

/** Text with all that shells, Dockerfiles and their JSON give a meaning to. */
const NASTY = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          "'",
          '"',
          '\\',
          '`',
          '$',
          '${A}',
          '$(id)',
          '\n',
          '\r\n',
          '\\\n',
          '\nRUN id',
          '\nFROM x',
          ' ',
          '\t',
          '#',
          '\u2028',
        ],
        ...[
          '<<EOF',
          '<<-',
          '&&',
          ';',
          '|',
          '>',
          '*',
          '[',
          ']',
          '{',
          '}',
          '--mount=type=secret',
          ',',
          '=',
          '-',
          '!',
          '~',
          '\0',
          '\u0085',
          'é',
          '🦋',
          '\ud800',
        ],
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

/** A Dockerfile's instructions as builders take it apart: comments, continued lines, keyword and the rest. */
function instructions(dockerfile: string): { readonly keyword: string; readonly rest: string }[] {
  const found: string[] = [];
  let continued = false;
  for (const line of dockerfile.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const body = line.replace(/\\[ \t]*$/, '');
    if (continued) found.push(`${found.pop() ?? ''}${body}`);
    else found.push(body);
    continued = body !== line;
  }
  expect(continued).toBe(false);
  return found.map((text) => {
    const [, keyword = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(text) ?? [];
    // Newer builders take what follows a here-document for its text, except in JSON.
    if (keyword === 'RUN' && !rest.endsWith(']')) expect(rest).not.toContain('<<');
    return { keyword, rest };
  });
}

/** Makes an image of text that may be refused. @returns undefined where it was, by an error of this library */
function accepted(make: () => Image): Image | undefined {
  try {
    const image = make();
    image.dockerfile();
    return image;
  } catch (error) {
    if (FlyteError.is(error) && error.code === 'invalid_configuration') return undefined;
    throw error;
  }
}

/** What a double-quoted text of ENV or LABEL stands for, in the words of BuildKit's documentation. */
function unquoted(text: string): string {
  const inside = /^"((?:[^"\\$]|\\["\\$])*)"$/.exec(text)?.[1];
  if (inside === undefined) throw new Error(`not one quoted text: ${text}`);
  return inside.replaceAll(/\\(["\\$])/g, '$1');
}

/** Runs a shell-form RUN with stand-ins for its programs. @returns the arguments that one of them was given */
function argumentsGiven(run: string, program: string): string[] {
  const command = run.replace(/^(?:\s*--mount=\S+\s)*/, '');
  const stubs = ['cat', 'mkdir', 'rm', 'python3', 'npm'].map(
    (name) => `${name}() { [ ${name} != ${program} ] || printf '%s\\0' "$@"; }`,
  );
  const script = `${stubs.join('\n')}\nset -f\n${command.replaceAll('apt-get', 'apt_get')}`.replace(
    /^/,
    `apt_get() { [ apt-get != ${program} ] || [ "$1" = update ] || printf '%s\\0' "$@"; }\n`,
  );
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', cwd: '/', env: { PATH: '' } });
  expect(stderr).toBe('');
  return stdout.split('\0').slice(0, -1);
}

const base = Image.fromBase('busybox');

describe('nothing that a user passes', () => {
  it('leaves a command: it reaches the shell as it was given, in one RUN', () => {
    fc.assert(
      fc.property(NASTY, (text) => {
        const image = accepted(() => base.withCommands(text).withLabels({ end: 'here' }));
        if (image === undefined) return;
        const [from, run, end, ...more] = instructions(image.dockerfile());
        expect([from?.keyword, run?.keyword, end?.keyword, more.length]).toEqual(['FROM', 'RUN', 'LABEL', 0]);
        expect(JSON.parse(run?.rest ?? '')).toEqual(['/bin/sh', '-c', text]);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves a variable or a label: builders read back the value as it was given', () => {
    fc.assert(
      fc.property(NASTY, NASTY, (value, name) => {
        const image = accepted(() => base.withEnvVars({ A: value }).withLabels({ b: value }));
        if (image !== undefined) {
          const [, env, label, ...more] = instructions(image.dockerfile());
          expect([env?.keyword, label?.keyword, more.length]).toEqual(['ENV', 'LABEL', 0]);
          expect(unquoted(env?.rest.slice('A='.length) ?? '')).toBe(value);
          expect(unquoted(label?.rest.slice('"b"='.length) ?? '')).toBe(value);
        }
        const named = accepted(() => base.withEnvVars({ [name]: 'x' }).withLabels({ [name]: 'x' }));
        if (named !== undefined) expect(instructions(named.dockerfile())).toHaveLength(3);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves a path: COPY and WORKDIR name what was given', () => {
    fc.assert(
      fc.property(NASTY, (text) => {
        const file = accepted(() => base.withSourceFile('/x/y', `/a/${text}`));
        if (file !== undefined) {
          const [, copy, ...more] = instructions(file.dockerfile());
          expect(more).toEqual([]);
          expect(JSON.parse(copy?.rest ?? '')).toEqual([
            'files/1/',
            expect.stringMatching(/^\/a\/?[A-Za-z0-9._@+~:/-]*$/),
          ]);
        }
        const folder = accepted(() => base.withWorkdir(`/a/${text}`).withUser(text === '' ? 'root' : text));
        if (folder !== undefined) {
          expect(instructions(folder.dockerfile()).map(({ keyword }) => keyword)).toEqual(['FROM', 'WORKDIR', 'USER']);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves an argument of apt, pip and npm: a real shell hands each over as one word', () => {
    const word = NASTY.filter((text) => text !== '');
    fc.assert(
      fc.property(word, word, (text, name) => {
        const pip = accepted(() => base.withPipPackages('numpy', { extraArgs: [text], secretMounts: 'token' }));
        if (pip !== undefined) {
          const [, run, ...more] = instructions(pip.dockerfile());
          expect(more).toEqual([]);
          expect(argumentsGiven(run?.rest ?? '', 'python3')).toEqual(['-m', 'pip', 'install', text, 'numpy']);
        }
        for (const [program, make] of [
          ['apt-get', () => base.withAptPackages(name)],
          ['python3', () => base.withPipPackages(name)],
          ['npm', () => base.withNpmPackages(`x@${name}`)],
        ] as const) {
          const image = accepted(make);
          if (image === undefined) continue;
          const run = instructions(image.dockerfile()).find(({ keyword }) => keyword === 'RUN');
          expect(argumentsGiven(run?.rest ?? '', program).at(-1)).toMatch(/^[A-Za-z0-9@]/);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('leaves a registry, an index, or the name of a secret', () => {
    fc.assert(
      fc.property(NASTY, (text) => {
        const images = [
          () => base.withNpmPackages('x', { registries: { '@a': { url: `https://h.dev/${text}`, token: 'token' } } }),
          () => base.withNpmPackages('x', { registries: { [text]: { url: 'https://h.dev/' } } }),
          () => base.withPipPackages('x', { indexUrl: `https://h.dev/${text}` }),
          () => base.withCommands('true', { secretMounts: text }),
          () => base.withCommands('true', { secretMounts: `/a/${text}` }),
          () => Image.fromBase(text).withCommands('true'),
        ];
        for (const make of images) {
          const image = accepted(make);
          if (image === undefined) continue;
          const keywords = instructions(image.dockerfile()).map(({ keyword }) => keyword);
          expect([...new Set(keywords)].filter((keyword) => !['FROM', 'RUN', 'ENV'].includes(keyword))).toEqual([]);
          expect(keywords.filter((keyword) => keyword === 'FROM')).toHaveLength(1);
          expect(keywords.length).toBeLessThanOrEqual(4);
          // Builders take as options the words before the first that is none.
          for (const { keyword, rest } of instructions(image.dockerfile())) {
            for (const word of rest.split(/\s+/).slice(0, keyword === 'RUN' ? -1 : 0)) {
              if (!word.startsWith('--')) break;
              expect(word).toMatch(/^--mount=type=(?:secret|tmpfs|cache)(?:,[a-z]+=[A-Za-z0-9_.@+~:/-]+)+$/);
            }
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
