import { describe, expect, it } from 'vitest';
import { Names, refNames } from './ref-names.js';

describe('the name of a ref', () => {
  it.each<[tasks: string[], names: string[]]>([
    [['training.train'], ['Train']],
    [
      ['training.train_model', 'training.eval-fast', 'training.toHTML'],
      ['TrainModel', 'EvalFast', 'ToHTML'],
    ],
    [
      ['a.train', 'b.train', 'c.other'],
      ['ATrain', 'BTrain', 'Other'],
    ],
    [
      ['a.b.c', 'a_b.c'],
      ['ABC', 'ABC2'],
    ],
    [['bare'], ['Bare']],
    [
      ['a.2nd', 'a.', 'é.ü'],
      ['Task2nd', 'A', 'Task'],
    ],
    [
      ['a.date', 'a.flyte_file', 'a.promise'],
      ['ADate', 'AFlyteFile', 'APromise'],
    ],
    [['a.uint8Array'], ['AUint8Array']],
    [
      ['a.__proto__', 'a.constructor', 'a.z'],
      ['Proto', 'Constructor', 'Z'],
    ],
  ])('of %j', (tasks, names) => {
    expect([...refNames(tasks, new Names()).values()]).toEqual(names);
  });
});
