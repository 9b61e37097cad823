import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';
import { FlyteError } from '../../errors/flyte-error.js';
import { Redactor } from '../../protocol/redactor.js';
import type { BuildLine, Command, ImageBuilder, Surroundings } from './builder.js';

/** What a builder is run with. */
export interface BuilderRun extends Surroundings {
  readonly fullName: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Takes the build's secrets out of all that the builder prints. */
  readonly redactor?: Redactor;
  readonly tell: (line: BuildLine) => void;
}

/** How many of the last lines an error quotes. */
const QUOTED_LINES = 30;

/** How many lines before these it quotes in which npm says why it failed: its help follows them. */
const QUOTED_REASONS = 10;

/**
 * Runs a builder to its end, and tells each line of its output without the secrets.
 *
 * @param what `build` or `push`
 * @throws FlyteError `image_build_failed` with the builder's last lines; `canceled` by the signal
 */
export async function runBuilder(
  builder: ImageBuilder,
  what: 'build' | 'push',
  command: Command,
  { env, run, signal, fullName, timeoutMs, redactor = new Redactor([]), tell }: BuilderRun,
): Promise<void> {
  const last: string[] = [];
  const reasons: string[] = [];
  let step = '';
  const onLine = (raw: string): void => {
    const line = builder.parse(stripVTControlCharacters(raw).trimEnd());
    if (line === undefined) return;
    if (line.kind === 'step') {
      const text = shortStep(line.text);
      const name = `step ${line.number}/${line.total}, ${text}`;
      // BuildKit names a step again where the output of several alternates.
      if (name === step) return;
      step = name;
      last.length = 0;
      reasons.length = 0;
      tell({ ...line, text });
      return;
    }
    last.push(line.text);
    const gone = last.length > QUOTED_LINES ? last.shift() : undefined;
    if (gone !== undefined && /^npm (?:error|ERR!)/.test(gone) && reasons.length < QUOTED_REASONS) reasons.push(gone);
    tell(line);
  };
  const streams = { stdout: lineReader(redactor, onLine), stderr: lineReader(redactor, onLine) };
  const { outcome, exitCode } = await run(command.program, command.args, {
    env: { ...env, ...command.env },
    timeoutMs,
    signal,
    onOutput: (stream, chunk) => streams[stream].write(chunk),
  });
  streams.stdout.end();
  streams.stderr.end();
  if (outcome === 'ended' && exitCode === 0) return;
  if (outcome === 'aborted') throw new FlyteError('canceled', `The ${what} of ${fullName} was canceled.`);
  const reason =
    outcome === 'timed out'
      ? `took longer than ${timeoutMs / 1000} seconds`
      : `ended with exit code ${exitCode ?? 'unknown'}`;
  const where = step === '' ? '' : ` at ${step}`;
  const said = last.length === 0 ? '.' : `:\n${[...reasons, ...last].map((line) => `  ${line}`).join('\n')}`;
  throw new FlyteError(
    'image_build_failed',
    `The ${what} of ${fullName} failed: ${builder.name} ${builder.version} ${reason}${where}${said}`,
  );
}

/** A step as a person wants to read it: on one line, without its mounts, not too long. */
export function shortStep(text: string): string {
  const plain = text
    .replaceAll(/--mount=\S+/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain.length > 120 ? `${plain.slice(0, 119)}…` : plain;
}

function lineReader(redactor: Redactor, onLine: (line: string) => void): { write(chunk: Buffer): void; end(): void } {
  const stream = redactor.stream();
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
  return {
    write: (chunk) => take(decoder.write(stream.write(chunk))),
    end: () => {
      take(decoder.write(stream.end()) + decoder.end());
      if (rest !== '') onLine(rest);
    },
  };
}
