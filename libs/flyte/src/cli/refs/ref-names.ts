/** What the file has for other things, and what would stand in the way of the language's own. */
const TAKEN: readonly string[] = [
  ...['FlyteFile', 'FlyteDir', 'Array', 'BigInt', 'Boolean', 'Date', 'Error', 'Function', 'Map', 'Number', 'Object'],
  ...['Promise', 'Proxy', 'Record', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'Uint8Array'],
];

/** Names of a file, of which each is given once. */
export class Names {
  readonly #taken = new Set(TAKEN);

  /** The name, or the name with the first number behind it that makes it another one. */
  claim(name: string): string {
    let claimed = name;
    for (let number = 2; this.#taken.has(claimed); number += 1) claimed = `${name}${number}`;
    this.#taken.add(claimed);
    return claimed;
  }
}

/** Words in PascalCase, of ASCII letters and digits alone: `train_model` is `TrainModel`. */
export function pascalCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const name = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return /^[A-Z]/.test(name) ? name : `Task${name}`;
}

/**
 * What each task's ref is called: `training.train` is `Train`, or `TrainingTrain` where another task's would be `Train` too, or
 * the language has that name.
 *
 * @param tasks their full names
 */
export function refNames(tasks: readonly string[], names: Names): ReadonlyMap<string, string> {
  const short = (task: string): string => pascalCase(task.slice(task.lastIndexOf('.') + 1));
  const isFree = (name: string): boolean => counts.get(name) === 1 && !TAKEN.includes(name);
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(short(task), (counts.get(short(task)) ?? 0) + 1);
  return new Map(tasks.map((task) => [task, names.claim(isFree(short(task)) ? short(task) : pascalCase(task))]));
}
