import { describe, expect, it } from 'vitest';
import { Parents } from './support/parents.js';
import { jsonOf } from './support/python-user.js';

const parents = new Parents();
const succeeded = (...outputs: unknown[]) => ({ phase: 'succeeded', outputs });

interface Asked {
  readonly name: string;
  readonly action: string;
  readonly type: string;
  readonly phase: string;
}

/** What a run asks, once it has asked so much. */
async function asked(run: string, count: number): Promise<readonly Asked[]> {
  const ask = async (): Promise<readonly Asked[]> => (await parents.call('conditions', { run })) as Asked[];
  await expect.poll(ask).toHaveLength(count);
  return (await ask()).toSorted((one, other) => one.name.localeCompare(other.name));
}

describe('a condition', () => {
  it('takes an answer of each type, by the SDK and by the command', async () => {
    const run = await parents.start('questions.ask');
    const conditions = await asked(run, 4);
    expect(conditions.map(({ name, type, phase }) => `${name} ${type} ${phase}`)).toEqual([
      ...['a-bool bool paused', 'a-float float paused', 'a-int int paused', 'a-str str paused'],
    ]);
    expect(await parents.call('conditions', { run, action_name: 'a0' })).toHaveLength(4);
    const listed = await parents.user.flyte('get', 'condition', run);
    expect([listed.code, jsonOf(listed)]).toEqual([0, expect.objectContaining({ length: 4 })]);
    await parents.call('signal', { run, condition: 'a-bool', value: false });
    await parents.call('signal', { run, condition: 'a-str', value: 'as you like' });
    const signal = (name: string, value: string) =>
      parents.user.flyte('signal', 'condition', run, conditions.find((one) => one.name === name)?.action ?? '', value);
    const prompted = await signal('a-int', '41');
    expect([prompted.code, prompted.stdout]).toEqual([0, expect.stringContaining('Which int?')]);
    // The command asks what the type is.
    const unfit = await signal('a-float', 'much');
    expect([unfit.code, unfit.stderr]).toEqual([1, expect.stringContaining("could not parse 'much' as float")]);
    expect((await signal('a-float', '0.5')).code).toBe(0);
    expect(await parents.call('end', { run })).toEqual(succeeded('bool False, int 41, float 0.5, str as you like'));
    const [, ...answered] = await parents.actions(run);
    expect(answered.map(({ type, phase }) => `${type} ${phase}`)).toEqual(Array(4).fill('condition succeeded'));
  });

  it('refuses an answer of another type, and a second one', async () => {
    const run = await parents.start('questions.ask_one');
    await asked(run, 1);
    const answer = (value: unknown) => parents.call('signal', { run, condition: 'ok', value });
    await expect(answer('yes')).rejects.toMatchObject({
      ...{
        type: 'ConnectError',
        code: 'invalid_argument',
        message: expect.stringContaining('takes a value of the type BOOLEAN'),
      },
    });
    await answer(true);
    expect(await parents.call('end', { run })).toEqual(succeeded('answered True'));
    await answer(true);
    await expect(answer(false)).rejects.toMatchObject({
      ...{ code: 'failed_precondition', message: expect.stringContaining('answered already') },
    });
  });

  it('that nobody answers in time says so', async () => {
    const run = await parents.start('questions.ask_in_vain');
    expect(await parents.call('end', { run })).toEqual(succeeded('nobody answered'));
    expect((await asked(run, 1)).map(({ phase }) => phase)).toEqual(['timed_out']);
    await expect(parents.call('signal', { run, condition: 'soon', value: true })).rejects.toMatchObject({
      ...{ code: 'failed_precondition', message: expect.stringContaining('has ended') },
    });
  });

  it('that is aborted says so', async () => {
    const run = await parents.start('questions.ask_one');
    const [{ action } = { action: '' }] = await asked(run, 1);
    await parents.call('abort_action', { run, action, reason: 'never mind' });
    expect(await parents.call('end', { run })).toEqual(succeeded('ActionAbortedError'));
  });
});
