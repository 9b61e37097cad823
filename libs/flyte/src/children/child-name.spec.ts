import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { InputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { cacheKeyOf, ChildNames, identityOf, type ChildIdentity } from './child-name.js';

const call: ChildIdentity = { kind: 'task', what: 'w', inputs: 'i', group: undefined };
/** Names at once what is called. */
function names(parent = 'a0', spent: readonly string[] = []) {
  const all = new ChildNames(parent, (name) => spent.includes(name));
  return { next: (one: ChildIdentity): string => all.next(one)() };
}

describe('the name of a child', () => {
  it('is the same in each attempt, and fits into a label', () => {
    const [first, again] = [names(), names()].map((one) => [one.next(call), one.next(call), one.next(call)]);
    expect(first).toEqual(again);
    expect(new Set(first).size).toBe(3);
    for (const name of first ?? []) expect(name).toMatch(/^[0-9a-z]{25}$/);
  });

  it('differs by what is called, with what, by whom, in which group and step', () => {
    const one = names();
    const all = [
      one.next(call),
      one.next({ ...call, kind: 'step' }),
      one.next({ ...call, what: 'v' }),
      one.next({ ...call, inputs: 'j' }),
      one.next({ ...call, group: 'g' }),
      one.next({ ...call, step: 'g' }),
      one.next({ ...call, key: 'i' }),
      names('a1').next(call),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('does not depend on what else is called before', () => {
    const [one, other] = [names(), names()];
    other.next({ ...call, what: 'v' });
    expect(other.next(call)).toBe(one.next(call));
  });

  it('is counted when it is called, and not when it is named', () => {
    const all = new ChildNames('a0', () => false);
    const [first, second] = [all.next(call), all.next(call)];
    expect([second(), first()].toReversed()).toEqual([names().next(call), secondOf()]);
  });

  it('of one key is one, whatever the inputs', () => {
    const one = names();
    const first = one.next({ ...call, key: 'k' });
    expect(one.next({ ...call, inputs: 'other', key: 'k' })).toBe(first);
  });

  it('is another one where the first stands for a failure', () => {
    const first = names().next(call);
    const second = names('a0', [first]).next(call);
    const third = names('a0', [first, second]).next(call);
    expect(new Set([first, second, third]).size).toBe(3);
    // The next equal call is not taken for the first one's second try.
    const one = names('a0', [first]);
    expect([one.next(call), one.next(call)]).toEqual([second, names().next(call) && secondOf()]);
  });

  /** The name of the second equal call. */
  function secondOf(): string {
    const one = names();
    one.next(call);
    return one.next(call);
  }
});

describe('what a task is', () => {
  const spec = (change: object = {}, version = '1') =>
    create(TaskSpecSchema, {
      taskTemplate: {
        id: { name: 'env.task', version: 'v1' },
        metadata: { discoveryVersion: version },
        interface: {
          inputs: {
            variables: [
              {
                key: 'a',
                value: {
                  type: {
                    type: { case: 'simple', value: SimpleType.STRUCT },
                    metadata: { b: { c: 1, d: 2 }, a: null },
                  },
                },
              },
            ],
          },
        },
        ...change,
      },
    });

  it('is its name, its types and the version of its code', () => {
    const same = identityOf(spec());
    expect(identityOf(spec({ id: { name: 'env.task', version: 'v2', project: 'p' } }))).toBe(same);
    expect(identityOf(spec({ target: { case: 'container', value: { image: 'other' } } }))).toBe(same);
    expect(identityOf(spec({ id: { name: 'env.other' } }))).not.toBe(same);
    expect(identityOf(spec({ interface: {} }))).not.toBe(same);
    expect(identityOf(spec({}, '2'))).not.toBe(same);
  });

  it('does not depend on the order of maps, which protobuf leaves open', () => {
    const type = {
      type: { case: 'simple' as const, value: SimpleType.STRUCT },
      metadata: { a: null, b: { d: 2, c: 1 } },
    };
    const other = spec({ interface: { inputs: { variables: [{ key: 'a', value: { type } }] } } });
    expect(identityOf(other)).toBe(identityOf(spec()));
  });
});

describe('what outputs are kept under', () => {
  const spec = (version: string, discoverable = true) =>
    create(TaskSpecSchema, {
      taskTemplate: {
        id: { name: 'env.task' },
        metadata: { discoverable, discoveryVersion: version, cacheIgnoreInputVars: ['note'] },
      },
    });
  const inputs = (id: string, note: string) =>
    create(InputsSchema, {
      literals: Object.entries({ id, note }).map(([name, text]) => ({ name, value: { hash: text } })),
    });

  it('follows from the version of the cache and the inputs that count', () => {
    const key = cacheKeyOf(spec('1'), inputs('a', 'x'));
    expect(key).toMatch(/^.{43}=$/);
    expect(cacheKeyOf(spec('1'), inputs('a', 'other'))).toBe(key);
    expect(cacheKeyOf(spec('2'), inputs('a', 'x'))).not.toBe(key);
    expect(cacheKeyOf(spec('1'), inputs('b', 'x'))).not.toBe(key);
  });

  it('is nothing for a task that is not cached', () => {
    expect(cacheKeyOf(spec('1', false), inputs('a', 'x'))).toBeUndefined();
  });
});
