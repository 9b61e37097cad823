import { FlyteError } from '../../errors/flyte-error.js';

const EXAMPLE = '{ endpoint: "dns:///flyte.example.com" }';
const ASYNC_EXAMPLE = `{ useFactory: () => (${EXAMPLE}) }`;
const SOURCES = ['useFactory', 'useClass', 'useExisting'];
/** What may stand beside a source of options: Nest's words, and what is settled before there are options. */
const BESIDE = ['imports', 'inject', 'provideInjectionTokensFrom', 'isGlobal', 'name'];

/**
 * Refuses what is no object of options.
 *
 * @param giver who gave it, as a sentence begins
 * @throws FlyteError `invalid_configuration`
 */
export function requireOptions(options: unknown, giver: string, example = EXAMPLE): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  // A value could hold a password.
  const kind = options === null ? 'null' : Array.isArray(options) ? 'a list' : typeof options;
  throw new FlyteError(
    'invalid_configuration',
    `${giver} takes an object of options, such as ${example}; got ${kind}.`,
  );
}

/**
 * Refuses arguments of `FlyteModule.forRootAsync` that give no options, and options beside them, where nobody reads them.
 *
 * @throws FlyteError `invalid_configuration` with everything that is wrong
 */
export function requireAsyncOptions(options: unknown): void {
  requireOptions(options, 'FlyteModule.forRootAsync', ASYNC_EXAMPLE);
  const given = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const sources = SOURCES.filter((source) => given.includes(source));
  const problems: string[] = [];
  if (sources.length !== 1) {
    problems.push(
      `FlyteModule.forRootAsync takes one of "${SOURCES.join('", "')}", such as ${ASYNC_EXAMPLE}; got ${sources.join(', ') || 'none'}.`,
    );
  }
  const lost = given.filter((key) => !SOURCES.includes(key) && !BESIDE.includes(key));
  if (lost.length > 0) {
    const [source = 'useFactory'] = sources;
    const names = lost.map((key) => `"${key}"`).join(', ');
    problems.push(
      `Option ${names}: beside "${source}" nobody reads it. Put it into the object that "${source}" gives, or remove it.`,
    );
  }
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
}
